import { Stack } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledgeAll } from './acknowledge-wildcards';

/**
 * Makes a state machine that starts one job and waits for it, with the id `StateMachine`.
 *
 * @param definition Amazon States Language, https://states-language.net/spec.html
 * @param timeoutSeconds how long an execution may take
 * @param service what runs the job, for example `ECS`
 */
export function makeOneJobMachine(scope: Construct, definition: object, timeoutSeconds: number, service: string): sfn.StateMachine {
  // aws-cdk-lib takes its own property for the timeout only with a definition that is made of its constructs
  const text = Stack.of(scope).toJsonString({ ...definition, TimeoutSeconds: timeoutSeconds });
  const machine = new sfn.StateMachine(scope, 'StateMachine', { definitionBody: sfn.DefinitionBody.fromString(text) });
  acknowledgeAll(machine, ['AwsSolutions-SF1'], 'its job keeps a log of its own; executions keep their history for 90 days');
  acknowledgeAll(machine, ['AwsSolutions-SF2'], `X-Ray would trace one call to ${service}`);
  return machine;
}
