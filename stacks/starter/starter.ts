import { type App, CfnOutput, type Environment, Stack, Validations } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { measurementColumns } from './measurements';
import type { Column } from '../../lib/data/blueprint/column';
import { Zone } from '../../lib/data/blueprint/zone';
import { DataLake } from '../../lib/data/data-lake';
import type { IcebergTable } from '../../lib/data/iceberg-table';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry, type ModelRegistryProps } from '../../lib/registry/model-registry';
import { RegistryAuth } from '../../lib/registry/registry-auth';
import { RegistryDatabase } from '../../lib/registry/registry-database';
import { FargateModelService } from '../../lib/serving/fargate-model-service';

/** What can be chosen about the starter. */
export interface StarterProps {
  /**
   * Account and region.
   *
   * @default - those of whoever deploys
   */
  readonly env?: Environment;
  /**
   * Who hears of alarms.
   *
   * @default - nobody; subscribe to the topic by hand
   */
  readonly alarmEmail?: string;
  /**
   * Whether AWS refuses to delete the data stack and MLflow's database. Turn it off, and deploy, before a teardown;
   * buckets and tables stay all the same, the database stays as a snapshot.
   *
   * @default true
   */
  readonly protection?: boolean;
}

/** The parts of a deployed starter, for platforms that grow from it. */
export interface Starter {
  readonly alarms: sns.Topic;
  readonly network: MlNetwork;
  readonly lake: DataLake;
  readonly measurements: IcebergTable;
  readonly models: ModelRegistry;
  readonly tumours: FargateModelService;
}

/**
 * What a small company needs first: a network, a lake, MLflow with release records, one model service, alarms.
 *
 * One stack per lifecycle: what changes daily never rolls back what must not be lost. Names and paths are contract:
 * changing one replaces a database.
 */
export function starterPlatform(app: App, props: StarterProps = {}): Starter {
  const { env, protection = true } = props;
  const alarms = alarmTopic(new Stack(app, 'MlPlatform-Alarms', { env, description: 'Where alarms of the ML platform go' }), props);
  const network = networkOf(new Stack(app, 'MlPlatform-Network', { env, description: 'Network of the ML platform' }));
  const { lake, measurements } = lakeOf(new Stack(app, 'MlPlatform-Data', {
    env, description: 'Data of the ML platform', terminationProtection: protection,
  }));
  const actions = [new SnsAction(alarms)];
  const models = registryOf(new Stack(app, 'MlPlatform-Registry', { env, description: 'MLflow and release records' }), network, {
    artifactBucket: lake.bucket(Zone.ARTIFACTS),
    alarmActions: actions,
    // a login needs a certificate, which needs a domain that only its owner has: give MlNetwork one and leave this out
    auth: RegistryAuth.none(),
    database: RegistryDatabase.postgres({ deletionProtection: protection }),
  });
  const tumours = serviceOf(new Stack(app, 'MlPlatform-Tumours', { env, description: 'The model service tumours' }), network, models, actions);
  return { alarms, network, lake, measurements, models, tumours };
}

function alarmTopic(stack: Stack, { alarmEmail }: StarterProps): sns.Topic {
  const topic = new sns.Topic(stack, 'Topic', { displayName: 'Alarms of the ML platform', enforceSSL: true });
  if (alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(alarmEmail));
  Validations.of(topic).acknowledge({
    id: 'AwsSolutions-SNS2', reason: 'alarms name resources and thresholds, no data; a key that CloudWatch may use costs 1 USD a month',
  });
  stack.exportValue(topic.topicArn);
  new CfnOutput(stack, 'AlarmTopic', { value: topic.topicArn });
  return topic;
}

function networkOf(stack: Stack): MlNetwork {
  const network = new MlNetwork(stack, 'Network');
  // notebooks, jobs and people inside the network may call MLflow and the models
  network.loadBalancer.connections.allowDefaultPortFrom(ec2.Peer.ipv4(network.vpc.vpcCidrBlock), 'callers inside the network');
  Validations.of(network.loadBalancer).acknowledge({
    id: 'AwsSolutions-EC23', reason: 'the range is the VPC\'s own block, which cdk-nag cannot read from a reference',
  });
  return network;
}

function lakeOf(stack: Stack): { lake: DataLake; measurements: IcebergTable } {
  const lake = new DataLake(stack, 'Lake');
  const columns: Column[] = measurementColumns();
  const measurements = lake.addTable('Measurements', { columns, comment: 'Breast Cancer Wisconsin (Diagnostic), one row per sample' });
  const artifacts = lake.bucket(Zone.ARTIFACTS);
  for (const value of [artifacts.bucketArn, artifacts.bucketName]) stack.exportValue(value);
  new CfnOutput(stack, 'LakeDatabase', { value: measurements.databaseName });
  new CfnOutput(stack, 'LakeTable', { value: measurements.tableName });
  return { lake, measurements };
}

function registryOf(stack: Stack, network: MlNetwork, props: Omit<ModelRegistryProps, 'network'>): ModelRegistry {
  const models = new ModelRegistry(stack, 'Models', { network, ...props });
  new CfnOutput(stack, 'TrackingUri', { value: models.trackingUri });
  new CfnOutput(stack, 'TrackingHost', { value: models.hostName });
  new CfnOutput(stack, 'ReleaseTable', { value: models.releaseTable.tableName });
  new CfnOutput(stack, 'Artifacts', { value: `s3://${models.artifactBucket.bucketName}/${models.artifactPrefix}` });
  return models;
}

function serviceOf(stack: Stack, network: MlNetwork, models: ModelRegistry, alarmActions: SnsAction[]): FargateModelService {
  const tumours = new FargateModelService(stack, 'Tumours', {
    network,
    model: models.model('tumours').alias('champion'),
    memoryLimitMiB: 512,
    alarmActions,
  });
  new CfnOutput(stack, 'ServiceUrl', { value: tumours.url });
  new CfnOutput(stack, 'ServiceHost', { value: tumours.hostName });
  new CfnOutput(stack, 'ModelName', { value: tumours.modelName });
  return tumours;
}
