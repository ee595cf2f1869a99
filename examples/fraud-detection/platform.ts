import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { data, network, registry, serving } from 'cdk-ml-platform';
import type { Construct } from 'constructs';

/** Transactions in a lake, models in MLflow, one service that follows the champion: in one stack, to be read in one go. */
export class FraudPlatform extends Stack {
  readonly service: serving.FargateModelService;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    const net = new network.MlNetwork(this, 'Network');
    const lake = new data.DataLake(this, 'Lake');
    lake.addTable('Transactions', {
      columns: [
        data.Column.required('transaction_id', data.IcebergType.LONG),
        data.Column.required('customer_id', data.IcebergType.LONG),
        data.Column.required('event_time', data.IcebergType.TIMESTAMPTZ),
        data.Column.optional('amount', data.IcebergType.decimal(12, 2), { comment: 'in the currency of the account' }),
        data.Column.optional('is_fraud', data.IcebergType.BOOLEAN, { comment: 'known weeks later' }),
      ],
      partitionBy: [data.Partition.day('event_time'), data.Partition.bucket('customer_id', 16)],
    });
    const models = new registry.ModelRegistry(this, 'Models', { network: net, artifactBucket: lake.bucket(data.Zone.ARTIFACTS) });
    this.service = new serving.FargateModelService(this, 'Fraud', {
      network: net,
      model: models.model('fraud').alias('champion'),
      cpu: 512,
      memoryLimitMiB: 1024,
      scaling: { minTasks: 2, maxTasks: 6, targetCpuPercent: 50 },
      pollInterval: Duration.seconds(1),
    });
  }
}
