import { createHash } from 'crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { CustomResource, Duration, FileAssetPackaging, Fn, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { updatesContracts } from './blueprint/planned-table';
import { migrateCommand, tableMigrations, TableMigrationsBlueprint } from './blueprint/table-migrations';
import { IIcebergTable, IS3TableCatalog } from './interfaces';
import { fail, Faults } from '../core/private/faults';
import { runtimeDirectory } from '../core/private/runtime-asset';
import { acknowledgeAll, acknowledgeWildcards } from '../network/acknowledge-wildcards';
import type { IMlNetwork } from '../network/interfaces';
import { runtimeImage } from '../network/runtime-image';

/** Properties of `TableMigrations`. */
export interface TableMigrationsProps {
  /** The network that the task runs in. */
  readonly network: IMlNetwork;

  /** Tables to migrate, at most 30; each has a contract, and all are in one catalog. */
  readonly tables: IIcebergTable[];

  /**
   * Catalog that the tables are in.
   *
   * @default - the Glue Data Catalog of the account
   */
  readonly s3TableCatalog?: IS3TableCatalog;

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
 * Fails with `no-tables`, `no-contract`, `too-many-tables`, `duplicate-tables` and `no-route-out`, all at once.
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
      contracted: table.contract !== undefined,
      contract: table.contract?._resolve(faults, updatesContracts(scope)),
    })));
    checkRoute(faults, props);
    faults.throwIfAny();
    super(scope, id);

    const { vpc } = props.network;
    this.cluster = props.cluster ?? this.makeCluster(vpc);
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_YEAR, removalPolicy: RemovalPolicy.DESTROY });
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, allowAllOutbound: false, description: 'Migrations of tables' });
    securityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS APIs');
    this.connections = new ec2.Connections({ securityGroups: [securityGroup] });
    this.taskDefinition = this.makeTaskDefinition(plan, props);
    for (const table of props.tables) table.grants.write(this.taskDefinition.taskRole);
    const handler = this.makeHandler(plan);
    this.resource = new CustomResource(this, 'Run', {
      resourceType: 'Custom::MlPlatformTableMigrations',
      serviceToken: handler.functionArn,
      serviceTimeout: Duration.minutes(plan.timeoutMinutes + 1),
      properties: {
        Cluster: this.cluster.clusterArn,
        // changes with the contracts, and so starts the task
        TaskDefinition: this.taskDefinition.taskDefinitionArn,
        Container: 'Container',
        Subnets: vpc.selectSubnets(props.network.privateSubnets).subnetIds,
        SecurityGroup: securityGroup.securityGroupId,
        LogGroup: this.logGroup.logGroupName,
        LogPrefix: plan.logPrefix,
      },
    });
    // what the resource names is there first anyway; rights are not
    this.resource.node.addDependency(...props.tables, this.taskDefinition.taskRole, this.taskDefinition.obtainExecutionRole());
  }

  private makeCluster(vpc: ec2.IVpc): ecs.Cluster {
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.DISABLED });
    acknowledgeAll(cluster, ['AwsSolutions-ECS4'], 'it runs one short task at a deployment; Container Insights would be billed by metric');
    return cluster;
  }

  private makeTaskDefinition(plan: TableMigrationsBlueprint, props: TableMigrationsProps): ecs.FargateTaskDefinition {
    const cpuArchitecture = props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64;
    const definition = new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: plan.cpu,
      memoryLimitMiB: plan.memoryLimitMiB,
      volumes: [{ name: plan.scratchVolume.name }],
      runtimePlatform: { cpuArchitecture, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
    const { uri, arn } = publish(this, plan.contracts);
    const warehouse = props.s3TableCatalog?.tableBucketArn;
    const container = definition.addContainer('Container', {
      image: props.image ?? runtimeImage('data', cpuArchitecture),
      command: migrateCommand(uri),
      environment: {
        ML_DATABASES: Fn.join(',', plan.databases),
        ...(warehouse === undefined ? {} : { ML_CATALOG: 's3tables', ML_WAREHOUSE: warehouse }),
      },
      user: plan.user,
      readonlyRootFilesystem: true,
      logging: ecs.LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: plan.logPrefix }),
    });
    container.addMountPoints({ sourceVolume: plan.scratchVolume.name, containerPath: plan.scratchVolume.path, readOnly: false });
    definition.addToTaskRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [arn] }));
    acknowledgeAll(definition, ['AwsSolutions-ECS2'], 'the environment holds names only');
    acknowledgeAll(definition.obtainExecutionRole(), ['AwsSolutions-IAM5[Resource::*]'], 'ecr:GetAuthorizationToken cannot be confined to a resource');
    return definition;
  }

  private makeHandler(plan: TableMigrationsBlueprint): lambda.Function {
    const logGroup = new logs.LogGroup(this, 'HandlerLogs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const role = new iam.Role(this, 'HandlerRole', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const tasks = Stack.of(this).formatArn({ service: 'ecs', resource: 'task', resourceName: `${this.cluster.clusterName}/*` });
    const allow = (actions: string[], resources: string[], conditions?: { [operator: string]: { [key: string]: string } }) =>
      role.addToPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    allow(['logs:GetLogEvents'], [this.logGroup.logGroupArn]);
    allow(['ecs:RunTask'], [this.taskDefinition.taskDefinitionArn], { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } });
    allow(['ecs:DescribeTasks', 'ecs:StopTask'], [tasks]);
    allow(['iam:PassRole'], [this.taskDefinition.taskRole.roleArn, this.taskDefinition.obtainExecutionRole().roleArn],
      { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
    acknowledgeWildcards(role, [tasks], 'a task has no ARN before it runs; the cluster is the limit');
    acknowledgeWildcards(role, [logGroup.logGroupArn, this.logGroup.logGroupArn], 'the ARN of a log group ends in a star: it stands for its streams');
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

/** Without a way out the task needs an endpoint for each service that it calls; layers and files come through S3's gateway endpoint. */
function checkRoute(faults: Faults, { network, s3TableCatalog }: TableMigrationsProps): void {
  if (network.routesOut) return;
  const needed = ['ecr.api', 'ecr.dkr', 'logs', s3TableCatalog ? 's3tables' : 'glue'];
  const missing = needed.filter((name) => !network.interfaceEndpoints.includes(name));
  faults.check(missing.length === 0, 'no-route-out',
    `network has no route out, and the task needs interface endpoints for ${missing.join(', ')}; add them to the network, or give it a NAT gateway`);
}
