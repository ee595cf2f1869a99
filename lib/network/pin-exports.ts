import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * Exports values from the first deployment on, whether another stack uses them yet or not.
 *
 * Without this the last consumer that goes takes the export with it, and CloudFormation refuses to remove an
 * export while that consumer still stands.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib-readme.html#removing-automatic-cross-stack-references
 */
export function pinExports(construct: Construct, values: string[]): void {
  const stack = Stack.of(construct);
  if (stack.nestedStackParent) return;
  for (const value of values) stack.exportValue(value);
}
