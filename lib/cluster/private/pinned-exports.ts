import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Exports values from the first deployment on, so that the last stack that uses them can go without a deadlock.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib-readme.html#removing-automatic-cross-stack-references
 */
export function pinExports(construct: Construct, values: string[]): void {
  const stack = Stack.of(construct);
  if (stack.nestedStackParent) return;
  for (const value of values) stack.exportValue(value);
}
