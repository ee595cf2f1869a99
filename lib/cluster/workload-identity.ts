import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { checkWorkload, POD_IDENTITY } from './blueprint/workload-identity';
import type { IMlCluster, IWorkloadIdentity } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { serviceAccountChart } from './manifests/basics';
import { InstallationOrder } from './private/installation-order';
import { checkLiteral } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Which pods get AWS rights. */
export interface WorkloadIdentityOptions {
  /** Namespace of the pods, a DNS label. */
  readonly namespace: string;

  /** Name of their ServiceAccount. */
  readonly serviceAccountName: string;

  /**
   * Whether the ServiceAccount is made here. Set it to false where a chart makes its own.
   *
   * @default true
   */
  readonly createServiceAccount?: boolean;

  /**
   * Whether pods get a token for the Kubernetes API. Pod Identity does not need it.
   *
   * @default false
   */
  readonly mountApiToken?: boolean;
}

/** Properties of a workload identity. */
export interface WorkloadIdentityProps extends WorkloadIdentityOptions {
  /** The cluster. */
  readonly cluster: IMlCluster;
}

/**
 * AWS rights for the pods of one ServiceAccount, by EKS Pod Identity: grant to it as to a role.
 *
 * Pods get rights when they are made: whatever names the ServiceAccount in its pods is installed after it.
 *
 * Fails with `invalid-namespace`, `invalid-service-account-name`, `duplicate-identity` or `unresolved-namespace`.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
 */
export class WorkloadIdentity extends Construct implements IWorkloadIdentity {
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly role: iam.IRole;
  /** The role, as grants see it. */
  readonly grantPrincipal: iam.IPrincipal;
  /** The ServiceAccount; undefined if it is made elsewhere. */
  readonly serviceAccount?: ManifestRelease;

  constructor(scope: Construct, id: string, props: WorkloadIdentityProps) {
    const faults = Faults.of(scope, id);
    checkLiteral(faults, 'namespace', props.namespace);
    checkLiteral(faults, 'serviceAccountName', props.serviceAccountName);
    checkWorkload(faults, props.namespace, props.serviceAccountName);
    const order = InstallationOrder.of(props.cluster);
    const account = `${props.namespace}/${props.serviceAccountName}`;
    const other = order.identityOf(account);
    faults.check(other === undefined, 'duplicate-identity',
      `the ServiceAccount ${account} gets its rights from ${other?.node.path} already, and EKS takes one association for each; grant to that one`);
    faults.throwIfAny();

    super(scope, id);
    this.namespace = props.namespace;
    this.serviceAccountName = props.serviceAccountName;
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal(POD_IDENTITY.service),
      description: `Pods of ${account}`,
    });
    role.assumeRolePolicy?.addStatements(new iam.PolicyStatement({
      actions: ['sts:TagSession'], principals: [new iam.ServicePrincipal(POD_IDENTITY.service)],
    }));
    this.role = role;
    this.grantPrincipal = role;
    const association = new eks.CfnPodIdentityAssociation(this, 'Resource', {
      clusterName: props.cluster.clusterName,
      namespace: props.namespace,
      serviceAccount: props.serviceAccountName,
      roleArn: role.roleArn,
    });
    order.registerIdentity(account, association);
    if (props.createServiceAccount ?? true) {
      this.serviceAccount = new ManifestRelease(this, 'ServiceAccount', {
        cluster: props.cluster,
        namespace: props.namespace,
        chart: serviceAccountChart(props.namespace, props.serviceAccountName, props.mountApiToken ?? false),
      });
    }
  }
}
