import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { releaseTable } from './blueprint/release-record';
import { Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';

/** Properties of `ReleaseRecord`. */
export interface ReleaseRecordProps {
  /**
   * What becomes of the records when the stack goes. `RemovalPolicy.DESTROY` deletes them, and needs the context
   * `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The table of release records: one item per model that says which version is in production, and its history.
 *
 * Only the lifecycle role writes it, with conditional writes; model servers follow it. MLflow is not on that path.
 * Every `ModelRegistry` has one; make it yourself beside an MLflow server that you have already.
 */
export class ReleaseRecord extends Construct {
  /** The table. Partition key `model`, sort key `item`. */
  readonly table: dynamodb.Table;

  constructor(scope: Construct, id: string, props: ReleaseRecordProps = {}) {
    const faults = Faults.of(scope, id);
    checkRemovalPolicy(faults, props.removalPolicy);
    const destroy = destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    faults.throwIfAny();
    super(scope, id);
    const plan = releaseTable(destroy);
    this.table = new dynamodb.Table(this, 'Resource', {
      partitionKey: { name: plan.partitionKey, type: dynamodb.AttributeType.STRING },
      sortKey: { name: plan.sortKey, type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode[plan.billingMode],
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: plan.pointInTimeRecovery },
      deletionProtection: plan.deletionProtection,
      stream: dynamodb.StreamViewType[plan.stream],
      removalPolicy: destroy ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
  }
}
