import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as cr from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { InstallationOrder, type Drain } from './installation-order';
import { fail } from '../../core/private/faults';
import type { ControlledResource } from '../blueprint/controlled-resource';
import { DRAIN_GROUP, DRAIN_STEPS, DRAIN_TIMES } from '../blueprint/drain';
import type { IMlCluster } from '../interfaces';
import { ManifestRelease } from '../manifest-release';
import { drainAccessChart } from '../manifests/basics';
import { releaseNameOf } from '../manifests/release';

/** The handlers of a cluster's drains: two functions in the VPC, with rights to list and remove what bills. */
export class DrainProvider extends Construct {
  readonly serviceToken: string;
  /** Rights in the cluster, which a drain needs until it ends. */
  readonly access: ManifestRelease;

  constructor(scope: Construct, id: string, props: { cluster: IMlCluster }) {
    super(scope, id);
    const { cluster } = props;
    const { vpc, privateSubnets } = cluster.network;
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, allowAllOutbound: false, description: 'Drain of the ML platform cluster' });
    securityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'The Kubernetes and AWS APIs');
    const ingress = new ec2.CfnSecurityGroupIngress(this, 'Ingress', {
      groupId: cluster.cluster.clusterSecurityGroupId, sourceSecurityGroupId: securityGroup.securityGroupId,
      ipProtocol: 'tcp', fromPort: 443, toPort: 443, description: 'Drain to the Kubernetes API',
    });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole')],
    });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['eks:DescribeCluster'], resources: [cluster.cluster.clusterArn] }));
    const entry = new eks.CfnAccessEntry(this, 'AccessEntry', {
      clusterName: cluster.clusterName, principalArn: role.roleArn, kubernetesGroups: [DRAIN_GROUP], type: 'STANDARD',
    });
    const releaseName = InstallationOrder.of(cluster).promote(releaseNameOf(`${this.node.path}/Access`));
    this.access = new ManifestRelease(this, 'Access', { cluster, chart: drainAccessChart(), releaseName });
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const handler = (name: string, timeout: Duration) => new lambda.Function(this, name, {
      runtime: lambda.Runtime.PYTHON_3_13,
      code: lambda.Code.fromAsset(handlerFolder(__dirname), { exclude: ['__pycache__', '*.pyc'] }),
      handler: `index.${name === 'OnEvent' ? 'on_event' : 'is_complete'}`,
      role, vpc, timeout,
      vpcSubnets: privateSubnets,
      securityGroups: [securityGroup],
      memorySize: 256,
      environment: { GIVE_UP_SECONDS: String(DRAIN_TIMES.giveUpMinutes * 60), AWS_STS_REGIONAL_ENDPOINTS: 'regional' },
      logGroup,
      description: 'Removes what a cluster made outside of itself, before the cluster goes',
    });
    const isComplete = handler('IsComplete', Duration.minutes(5));
    const provider = new cr.Provider(this, 'Provider', {
      onEventHandler: handler('OnEvent', Duration.minutes(1)),
      isCompleteHandler: isComplete,
      totalTimeout: Duration.minutes(DRAIN_TIMES.totalMinutes),
      logGroup,
      queryInterval: Duration.seconds(DRAIN_TIMES.querySeconds),
    });
    isComplete.node.addDependency(ingress, entry);
    this.serviceToken = provider.serviceToken;
  }
}

/** Properties of a drain. */
export interface DrainResourceProps {
  readonly cluster: IMlCluster;
  readonly provider: DrainProvider;
}

/** Runs when it is deleted, and ends when nothing is left that bills outside of the cluster. */
export class DrainResource extends Construct implements Drain {
  private readonly steps = new Map<ControlledResource, CustomResource>();

  constructor(scope: Construct, id: string, private readonly props: DrainResourceProps) {
    super(scope, id);
  }

  cover(kinds: readonly ControlledResource[]): void {
    for (const step of DRAIN_STEPS) {
      if (kinds.includes(step.kind) && !this.steps.has(step.kind)) this.addStep(step.id, step.kind);
    }
  }

  private addStep(id: string, kind: ControlledResource): void {
    const resource = new CustomResource(this, id, {
      resourceType: 'Custom::MlPlatformDrain',
      serviceToken: this.props.provider.serviceToken,
      serviceTimeout: Duration.minutes(DRAIN_TIMES.totalMinutes),
      properties: { ClusterName: this.props.cluster.clusterName, Kind: kind },
    });
    resource.node.addDependency(this.props.provider.access);
    this.steps.set(kind, resource);
    // created in the order of the steps, so deleted in the opposite one, whichever came to be known first
    const known = DRAIN_STEPS.flatMap((step) => this.steps.get(step.kind) ?? []);
    const at = known.indexOf(resource);
    for (const before of known.slice(0, at)) resource.node.addDependency(before);
    for (const after of known.slice(at + 1)) after.node.addDependency(resource);
  }
}

/** The handlers' sources from the package root: they stand in `lib/`, also where this file runs from `build/`. */
function handlerFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'lib', 'cluster', 'private', 'drain');
    if (existsSync(join(candidate, 'index.py'))) return candidate;
    if (dirname(folder) === folder) return fail('drain', 'missing-handler', 'the sources of the drain are not in the package; install the package again');
  }
}
