import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeAll } from '../../network/acknowledge-wildcards';
import { INTERRUPTION_RETENTION_SECONDS, INTERRUPTION_RULES } from '../blueprint/karpenter';

/** The queue by which Karpenter learns that an instance is about to go. Without it spot nodes go without a replacement. */
export class InterruptionQueue extends Construct {
  readonly queue: sqs.Queue;

  constructor(scope: Construct, id: string, props: { queueName?: string } = {}) {
    super(scope, id);
    this.queue = new sqs.Queue(this, 'Queue', {
      queueName: props.queueName,
      retentionPeriod: Duration.seconds(INTERRUPTION_RETENTION_SECONDS),
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    for (const { id: ruleId, source, detailType } of INTERRUPTION_RULES) {
      new events.Rule(this, ruleId, {
        description: `Tells Karpenter of events of the type ${detailType}`,
        eventPattern: { source: [source], detailType: [detailType] },
        targets: [new targets.SqsQueue(this.queue)],
      });
    }
    acknowledgeAll(this.queue, ['AwsSolutions-SQS3'],
      'a message that nobody read in five minutes is about an instance that is gone: nothing is to be kept');
  }
}
