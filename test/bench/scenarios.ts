import { App, Duration, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LlmModel } from '../../lib/accelerators/llm-model';
import { Capacity } from '../../lib/cluster/blueprint/capacity';
import { MlCluster } from '../../lib/cluster/ml-cluster';
import { Shards } from '../../lib/core/shards';
import { Column } from '../../lib/data/blueprint/column';
import { IcebergType } from '../../lib/data/blueprint/iceberg-type';
import { Partition } from '../../lib/data/blueprint/partition';
import { DataLake } from '../../lib/data/data-lake';
import { IcebergTable } from '../../lib/data/iceberg-table';
import { Feature, FeatureType } from '../../lib/features/blueprint/feature-type';
import { FeatureMaterialization } from '../../lib/features/feature-materialization';
import { FeatureStore } from '../../lib/features/feature-store';
import { FeatureView } from '../../lib/features/feature-view';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry } from '../../lib/registry/model-registry';
import { FargateModelService } from '../../lib/serving/fargate-model-service';
import { LlmService } from '../../lib/serving/llm-service';
import { ModelSource } from '../../lib/serving/model-source';
import { referencePlatform } from '../../stacks/reference/reference';
import { starterPlatform } from '../../stacks/starter/starter';

/** Services in one stack: below CloudFormation's 500 resources. */
const SERVICES_A_STACK = 10;

/** Synthesizes one app into a folder. */
export const SCENARIOS: Record<string, (outdir: string) => void> = {
  'starter': (outdir) => synth(outdir, (app) => starterPlatform(app)),
  'reference': (outdir) => synth(outdir, (app) => referencePlatform(app)),
  '1 model service': (outdir) => synth(outdir, (app) => modelServices(app, 1)),
  '10 model services': (outdir) => synth(outdir, (app) => modelServices(app, 10)),
  '100 model services': (outdir) => synth(outdir, (app) => modelServices(app, 100)),
  '1 table': (outdir) => synth(outdir, (app) => tables(app, 1)),
  '10 tables': (outdir) => synth(outdir, (app) => tables(app, 10)),
  '100 tables': (outdir) => synth(outdir, (app) => tables(app, 100)),
  '300 tables': (outdir) => synth(outdir, (app) => tables(app, 300)),
  '1 feature view': (outdir) => synth(outdir, (app) => featureViews(app, 1)),
  '10 feature views': (outdir) => synth(outdir, (app) => featureViews(app, 10)),
  '100 feature views': (outdir) => synth(outdir, (app) => featureViews(app, 100)),
  '300 feature views': (outdir) => synth(outdir, (app) => featureViews(app, 300)),
  '1 LLM service': (outdir) => synth(outdir, (app) => llmServices(app, 1)),
  '10 LLM services': (outdir) => synth(outdir, (app) => llmServices(app, 10)),
  '100 LLM services': (outdir) => synth(outdir, (app) => llmServices(app, 100)),
  '300 LLM services': (outdir) => synth(outdir, (app) => llmServices(app, 300)),
};

function synth(outdir: string, build: (app: App) => void): void {
  const app = new App({ outdir, analyticsReporting: false });
  build(app);
  app.synth();
}

function modelServices(app: App, count: number): void {
  const network = new MlNetwork(new Stack(app, 'Network'), 'Network');
  const models = new ModelRegistry(new Stack(app, 'Registry'), 'Models', { network });
  let stack = new Stack(app, 'Models0');
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % SERVICES_A_STACK === 0) stack = new Stack(app, `Models${i / SERVICES_A_STACK}`);
    new FargateModelService(stack, `Model${i}`, { network, model: models.model(`scorer-${i}`).alias('champion') });
  }
}

/** One lake, and tables in four shards. */
function tables(app: App, count: number): void {
  const lake = new DataLake(new Stack(app, 'Lake'), 'Lake');
  const shards = new Shards(app, 'Tables', { count: 4 });
  for (let i = 0; i < count; i++) {
    new IcebergTable(shards.stackFor(`events-${i}`), `Events${i}`, {
      lake,
      columns: [Column.required('id', IcebergType.LONG), Column.required('at', IcebergType.TIMESTAMPTZ), Column.optional('amount', IcebergType.decimal(12, 2))],
      partitionBy: [Partition.day('at')],
    });
  }
}

/** One store; tables, views and materializations of 25 views each in twelve shards. */
function featureViews(app: App, count: number): void {
  const stack = new Stack(app, 'Features');
  const lake = new DataLake(stack, 'Lake', { databaseName: 'shop' });
  const store = new FeatureStore(stack, 'Features', { network: new MlNetwork(stack, 'Network'), lake, projectName: 'shop' });
  const shards = new Shards(app, 'Views', { count: 12 });
  const columns = [Column.required('customer_id', IcebergType.LONG), Column.required('at', IcebergType.TIMESTAMPTZ), Column.optional('age', IcebergType.LONG)];
  const views = Array.from({ length: count }, (_, i) => {
    const shard = shards.stackFor(`view-${i}`);
    return new FeatureView(shard, `View${i}`, {
      store, table: new IcebergTable(shard, `Events${i}`, { lake, columns }), entities: ['customer_id'], timestampField: 'at',
      features: [Feature.of('age', FeatureType.INT64)],
    });
  });
  for (let i = 0; i < views.length; i += 25) {
    new FeatureMaterialization(shards.stackFor(`nightly-${i}`), `Nightly${i}`, { store, views: views.slice(i, i + 25), schedule: ScheduleExpression.rate(Duration.days(1)) });
  }
}

/** One cluster with a pool, and services in twelve shards. */
function llmServices(app: App, count: number): void {
  const network = new MlNetwork(new Stack(app, 'Network'), 'Network');
  const stack = new Stack(app, 'Cluster');
  const cluster = new MlCluster(stack, 'Cluster', { network });
  cluster.addGpuNodePool('Inference', { capacity: Capacity.spotWithOnDemandFallback(), maxGpus: 1_000 });
  const weights = new s3.Bucket(stack, 'Weights');
  const shards = new Shards(app, 'Models', { count: 12 });
  for (let i = 0; i < count; i++) {
    new LlmService(shards.stackFor(`chat-${i}`), `Chat${i}`, {
      cluster,
      model: LlmModel.of('meta-llama/Llama-3.1-8B-Instruct'),
      source: ModelSource.s3(weights, `llama-${i}/`),
      contextLength: 16_384,
      concurrency: 32,
    });
  }
}
