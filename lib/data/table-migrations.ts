import { createHash } from 'crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { CustomResource, Duration, FileAssetPackaging, Fn, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { updatesContracts } from './blueprint/planned-table';
import { migrateCommand, tableMigrations, TableMigrationsBlueprint } from './blueprint/table-migrations';
import { IIcebergTable } from './interfaces';
import { catalogEnvironment } from './private/catalog-environment';
import { fail, Faults } from '../core/private/faults';
import { runtimeDirectory } from '../core/private/runtime-asset';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';
import { JOB_CONTAINER } from '../network/blueprint/job-plan';
import { checkJobRoute, jobCluster, letRunJob, makeJob, type FargateJob } from '../network/fargate-job';
import type { IMlNetwork } from '../network/interfaces';
import { runtimeImage } from '../network/runtime-image';

/** Properties of `TableMigrations`. */
export interface TableMigrationsProps {
  /** The network that the task runs in. */
  readonly network: IMlNetwork;

  /** Tables to migrate, at most 30; each has a contract, and all are in one catalog. */
  readonly tables: IIcebergTable[];

  /**
   * ECS cluster that the task runs in.
   *
   * @default - a new one
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Image of the task. It has to run `python -m ml_platform_runtime tables-migrate`.
   *
   * @default - built from the sources in this package
   */
  readonly image?: ecs.ContainerImage;

  /**
   * Processors that the task runs on.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;
}

/**
 * Brings tables to their contracts while the stack is deployed.
 *
 * A deployment that changes a contract runs one Fargate task, which commits each missing version with pyiceberg, and fails with the
 * task's own message if that does not succeed. Versions that are committed stay: they only add to what was there, so a rollback
 * of the deployment leaves them, and the next deployment goes on. Nothing runs, and nothing is billed, between such deployments.
 *
 * Fails with `no-tables`, `no-contract`, `too-many-tables`, `duplicate-tables`, `several-catalogs` and `no-route-out`, all at once.
 *
 * @see https://iceberg.apache.org/spec/#schema-evolution
 */
export class TableMigrations extends Construct implements ec2.IConnectable {
  /** What the task is made of; it can be run by hand as well. */
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** ECS cluster that the task runs in. */
  readonly cluster: ecs.ICluster;
  /** Where the task's output goes, kept for a year: it tells who got which version when. */
  readonly logGroup: logs.LogGroup;
  /** The network connections of the task. */
  readonly connections: ec2.Connections;
  /** The resource that runs the task; what needs the new columns depends on it. */
  readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: TableMigrationsProps) {
    const faults = Faults.of(scope, id);
    const plan = tableMigrations(faults, props.tables.map((table) => ({
      path: table.node.path,
      databaseName: table.databaseName,
      tableBucketArn: table.s3TableCatalog?.tableBucketArn,
      contracted: table.contract !== undefined,
      contract: table.contract?._resolve(faults, updatesContracts(scope)),
    })));
    checkJobRoute(faults, props.network, [props.tables[0]?.s3TableCatalog ? 's3tables' : 'glue']);
    faults.throwIfAny();
    super(scope, id);

    const { network } = props;
    const contracts = publish(this, plan.contracts);
    const job = makeJob(this, { ...plan, command: migrateCommand(contracts.uri) }, {
      network,
      cluster: props.cluster ?? jobCluster(this, 'Cluster', network.vpc),
      image: props.image ?? runtimeImage('data', props.cpuArchitecture),
      cpuArchitecture: props.cpuArchitecture,
      environment: { ML_DATABASES: Fn.join(',', plan.databases), ...catalogEnvironment(props.tables[0]?.s3TableCatalog) },
      logRetention: logs.RetentionDays.ONE_YEAR,
      description: 'Migrations of tables',
      callsAwsOnly: true,
    });
    this.cluster = job.cluster;
    this.logGroup = job.logGroup;
    this.connections = new ec2.Connections({ securityGroups: [job.securityGroup] });
    this.taskDefinition = job.taskDefinition;
    this.taskDefinition.addToTaskRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [contracts.arn] }));
    for (const table of props.tables) table.grants.write(this.taskDefinition.taskRole);
    this.resource = this.makeResource(plan, job);
    // what the resource names is there first anyway; rights are not
    this.resource.node.addDependency(...props.tables, this.taskDefinition.taskRole, this.taskDefinition.obtainExecutionRole());
  }

  private makeResource(plan: TableMigrationsBlueprint, job: FargateJob): CustomResource {
    return new CustomResource(this, 'Run', {
      resourceType: 'Custom::MlPlatformTableMigrations',
      serviceToken: this.makeHandler(plan, job).functionArn,
      serviceTimeout: Duration.minutes(plan.timeoutMinutes + 1),
      properties: {
        Cluster: job.target.clusterArn,
        // changes with the contracts, and so starts the task
        TaskDefinition: job.target.taskDefinitionArn,
        Container: JOB_CONTAINER.name,
        Subnets: job.target.subnets,
        SecurityGroup: job.securityGroup.securityGroupId,
        LogGroup: job.logGroup.logGroupName,
        LogPrefix: plan.logPrefix,
      },
    });
  }

  private makeHandler(plan: TableMigrationsBlueprint, job: FargateJob): lambda.Function {
    const logGroup = new logs.LogGroup(this, 'HandlerLogs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const role = new iam.Role(this, 'HandlerRole', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }));
    role.addToPolicy(new iam.PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [job.logGroup.logGroupArn] }));
    acknowledgeWildcards(role, [logGroup.logGroupArn, job.logGroup.logGroupArn], 'the ARN of a log group ends in a star: it stands for its streams');
    letRunJob(role, job);
    return new lambda.Function(this, 'Handler', {
      runtime: lambda.Runtime.PYTHON_3_14,
      code: lambda.Code.fromInline(readFileSync(join(runtimeDirectory(__dirname), 'src', 'ml_platform_runtime', 'tables', 'on_deploy.py'), 'utf8')),
      handler: 'index.handler',
      role,
      logGroup,
      timeout: Duration.minutes(plan.timeoutMinutes),
      memorySize: 256,
      description: 'Runs the migrations of tables while a stack is deployed',
    });
  }
}

/** The file with all contracts, as an asset: a template does not grow with them. */
function publish(scope: Construct, text: string): { uri: string; arn: string } {
  const stage = Stage.of(scope) ?? fail(scope.node.path, 'no-app', 'the construct is in no app; make its stack in an App');
  const sourceHash = createHash('sha256').update(text).digest('hex');
  const file = join(stage.assetOutdir, `contracts.${sourceHash}.json`);
  mkdirSync(stage.assetOutdir, { recursive: true });
  writeFileSync(file, text);
  const { bucketName, objectKey, s3ObjectUrl } = Stack.of(scope).synthesizer.addFileAsset({
    packaging: FileAssetPackaging.FILE, sourceHash, fileName: relative(stage.outdir, file), displayName: `Contracts of ${scope.node.path}`,
  });
  return { uri: s3ObjectUrl, arn: Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource: bucketName, resourceName: objectKey }) };
}
