import { Names, Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { mirroredImage } from '../../cluster/blueprint/endpoints';
import { ManifestRelease } from '../../cluster/manifest-release';
import { WorkloadIdentity } from '../../cluster/workload-identity';
import { runtimeAsset } from '../../core/private/runtime-asset';
import type { InternalServiceBlueprint } from '../../network/blueprint/internal-service';
import { jobCluster } from '../../network/fargate-job';
import type { IInternalService, IMlNetwork } from '../../network/interfaces';
import { type InternalPlace, makeInternalPlace } from '../../network/internal-place';
import type { RegistryMetricsBlueprint } from '../blueprint/metrics';
import { serverPods, type ServerPodsBlueprint } from '../blueprint/server-pods';
import { registryNamespaceChart, serverPodsChart } from '../manifests/server-pods';
import type { RegistryDatabaseConfig } from '../registry-database';
import type { ClusterServerOptions } from '../registry-server';

/** A secret, or a field of one that is a JSON object. */
export interface SecretField {
  readonly secret: secretsmanager.ISecret;
  readonly field?: string;
}

/** What a server in a cluster is made of. */
export interface ClusterServerProps {
  readonly options: ClusterServerOptions;
  readonly network: IMlNetwork;
  readonly service: InternalServiceBlueprint;
  /** Of the objects. */
  readonly name: string;
  readonly metrics?: RegistryMetricsBlueprint;
  readonly startSeconds: number;
  readonly database: RegistryDatabaseConfig;
  readonly secrets: Record<string, SecretField>;
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  /** ECS cluster of the tasks beside the server. */
  readonly taskCluster?: ecs.ICluster;
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/** MLflow's pods, at the place behind the internal load balancer that tasks on Fargate would have. */
export class ClusterServer extends Construct implements IInternalService {
  readonly hostName: string;
  readonly url: string;
  readonly connections: ec2.Connections;
  /** That of the nodes: whoever lets it in lets in every pod of the cluster. */
  readonly securityGroup: ec2.ISecurityGroup;
  readonly identity: WorkloadIdentity;
  readonly grantPrincipal: iam.IPrincipal;
  readonly alarms: cloudwatch.Alarm[];
  readonly namespace: ManifestRelease;
  private readonly place: InternalPlace;
  private tasks?: ecs.ICluster;

  constructor(scope: Construct, id: string, private readonly props: ClusterServerProps) {
    super(scope, id);
    const { options: { cluster }, network, service, name, alarmActions } = props;
    this.hostName = service.hostName;
    this.url = service.url;
    this.connections = network.loadBalancer.connections;
    this.securityGroup = ec2.SecurityGroup.fromSecurityGroupId(this, 'Nodes', cluster.cluster.clusterSecurityGroupId, { mutable: false });
    this.place = makeInternalPlace(this, service, { network, alarmActions });
    this.alarms = this.place.alarms;
    this.namespace = new ManifestRelease(this, 'Namespace', { cluster, namespace: 'default', chart: registryNamespaceChart(this.namespaceName) });
    this.identity = new WorkloadIdentity(this, 'Identity', {
      cluster, namespace: this.namespaceName, serviceAccountName: name, createServiceAccount: false,
    });
    this.grantPrincipal = this.identity.grantPrincipal;
  }

  /** ECS cluster of the tasks beside the server, made when one is needed. */
  get cluster(): ecs.ICluster {
    this.tasks ??= this.props.taskCluster ?? jobCluster(this, 'Tasks', this.props.network.vpc);
    return this.tasks;
  }

  /** Installs the pods, after their rights, the way to them and the way to their database. */
  start(): ManifestRelease {
    const { options: { cluster }, database } = this.props;
    const release = new ManifestRelease(this, 'Release', {
      cluster, namespace: this.namespaceName, chart: serverPodsChart(this.plan()),
      // a server that does not start is a deployment that failed, and the former one goes on
      wait: true,
    });
    const ways = (database.connections?.securityGroups ?? []).filter((group) => Stack.of(group) === Stack.of(this));
    release.node.addDependency(this.identity, this.place.listenerRule, this.letIn(), this.letRead(), ...ways);
    return release;
  }

  private get namespaceName(): string {
    return this.props.options.namespaceName ?? this.props.name;
  }

  private plan(): ServerPodsBlueprint {
    const { options, service, network, name, metrics, startSeconds, secrets, database } = this.props;
    const { prometheus } = options;
    return serverPods({
      name,
      namespace: this.namespaceName,
      image: this.image(),
      architecture: this.onArm ? 'arm64' : 'amd64',
      command: service.command ?? [],
      environment: service.environment,
      secrets: Object.entries(secrets).map(([variable, { secret, field }]) => ({ name: variable, secret: secret.secretArn, field })),
      secretStore: options.externalSecrets.storeName,
      port: service.port,
      healthPath: service.healthCheck.path,
      startSeconds,
      cpu: service.cpu,
      memoryLimitMiB: service.memoryLimitMiB,
      replicas: service.desiredCount ?? 1,
      targetGroupArn: this.place.targetGroup.targetGroupArn,
      callers: network.vpc.vpcCidrBlock,
      databasePort: portOf(database),
      metrics: metrics && prometheus && { port: metrics.port, namespace: prometheus.namespace },
    });
  }

  private get onArm(): boolean {
    return this.props.cpuArchitecture === ecs.CpuArchitecture.ARM64;
  }

  private image(): string {
    const { image, cluster } = this.props.options;
    if (image !== undefined) return mirroredImage(cluster.imageMirror, image);
    const { directory, target, exclude } = runtimeAsset('registry');
    return new DockerImageAsset(this, 'Image', {
      directory, target, exclude, platform: this.onArm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    }).imageUri;
  }

  /**
   * Beside the cluster and once for all registries in it: AWS refuses the same rule twice, and their pods share group and port. Written by hand,
   * because both groups belong to somebody else.
   */
  private letIn(): Construct {
    const { network: { loadBalancer }, service: { port }, options: { cluster } } = this.props;
    const id = `RegistryFrom${Names.nodeUniqueId(loadBalancer.node)}`;
    return (cluster.node.tryFindChild(id) as Construct | undefined) ?? new ec2.CfnSecurityGroupIngress(cluster, id, {
      groupId: cluster.cluster.clusterSecurityGroupId,
      sourceSecurityGroupId: loadBalancer.securityGroupId,
      ipProtocol: 'tcp', fromPort: port, toPort: port,
      description: 'internal load balancer to model registries',
    });
  }

  /** The operator's right on these secrets, here: in its own stack it would make that one depend on this one, and this one on that. */
  private letRead(): Construct {
    const secrets = [...new Set(Object.values(this.props.secrets).map(({ secret }) => secret))];
    const keys = secrets.flatMap(({ encryptionKey }) => encryptionKey ? [encryptionKey.keyArn] : []);
    return new iam.Policy(this, 'SecretsForPods', {
      roles: [this.props.options.externalSecrets.identity.role],
      statements: [
        new iam.PolicyStatement({
          actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], resources: secrets.map(({ secretArn }) => secretArn),
        }),
        ...keys.length === 0 ? [] : [new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [...new Set(keys)] })],
      ],
    });
  }
}

/** A policy of Kubernetes takes a number, and RDS tells its port only once it runs: the rule of its security group knows it. */
function portOf({ port, connections }: RegistryDatabaseConfig): number {
  if (port !== '' && !Token.isUnresolved(port)) return Number(port);
  const rule = connections?.defaultPort?.toRuleJson() as { fromPort?: number } | undefined;
  return rule?.fromPort ?? 5432;
}
