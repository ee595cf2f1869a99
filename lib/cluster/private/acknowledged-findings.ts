import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledgeAll, acknowledgeRolesBelow } from '../../network/acknowledge-wildcards';

/** Why cdk-nag's findings about a cluster are no faults. */
export function acknowledgeFindings(cluster: Construct): void {
  acknowledgeRolesBelow(cluster,
    'policies of the cluster, its nodes and drivers are maintained by AWS, those of its custom resources by aws-cdk-lib; each names its function, log group or asset bucket');
  acknowledgeAll(cluster, ['AwsSolutions-L1'], 'the runtimes are supported ones: aws-cdk-lib chooses those of its functions, the drain\'s moves with this library');
  acknowledgeAll(cluster, ['AwsSolutions-SF1', 'AwsSolutions-SF2'], 'the state machine only waits for the drain; its functions write the logs');
  // aws-cdk-lib keeps one function for log retention in the stack
  for (const child of Stack.of(cluster).node.children.filter(({ node }) => node.id.startsWith('LogRetention'))) {
    acknowledgeRolesBelow(child, 'the function that sets the retention of the control-plane logs is aws-cdk-lib\'s; deleting a log group takes a wildcard for its streams');
  }
}
