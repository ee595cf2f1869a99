import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { eksAddOns, type EksAddOn } from '../blueprint/system-cluster';
import { POD_IDENTITY } from '../blueprint/workload-identity';
import type { IMlCluster } from '../interfaces';

/** What the add-ons stand on. */
export interface EksAddOnsProps {
  readonly cluster: IMlCluster;
  /** Undefined with EKS Auto Mode, which makes nodes and most add-ons itself. */
  readonly nodeGroup?: eks.Nodegroup;
  readonly s3CsiDriver: boolean;
}

/**
 * The pinned EKS add-ons: network before the nodes, the rest after them.
 *
 * Made as L1: aws-cdk-lib's Addon keeps the software on deletion and knows no Pod Identity.
 */
export class EksAddOns extends Construct {
  readonly s3CsiRole?: iam.Role;

  constructor(scope: Construct, id: string, private readonly props: EksAddOnsProps) {
    super(scope, id);
    for (const addOn of eksAddOns({ s3CsiDriver: props.s3CsiDriver, autoMode: props.nodeGroup === undefined })) {
      const role = addOn.serviceAccount === undefined ? undefined : this.roleOf(addOn);
      const associations = role && addOn.serviceAccount !== undefined ? [{ serviceAccount: addOn.serviceAccount, roleArn: role.roleArn }] : undefined;
      const resource = this.make(addOn, associations);
      if (addOn.beforeNodes) props.nodeGroup?.node.addDependency(resource);
      else if (props.nodeGroup !== undefined) resource.node.addDependency(props.nodeGroup);
      if (addOn.id === 'S3CsiDriver') this.s3CsiRole = role;
    }
  }

  private make(addOn: EksAddOn, podIdentityAssociations?: eks.CfnAddon.PodIdentityAssociationProperty[]): eks.CfnAddon {
    return new eks.CfnAddon(this, addOn.id, {
      clusterName: this.props.cluster.clusterName,
      addonName: addOn.name,
      addonVersion: this.props.cluster.platformVersion.addOn(addOn.name),
      resolveConflicts: 'OVERWRITE',
      preserveOnDelete: false,
      configurationValues: addOn.configuration === undefined ? undefined : JSON.stringify(addOn.configuration),
      podIdentityAssociations,
    });
  }

  private roleOf(addOn: EksAddOn): iam.Role {
    const principal = new iam.ServicePrincipal(POD_IDENTITY.service);
    const role = new iam.Role(this, `${addOn.id}Role`, {
      assumedBy: principal,
      description: `EKS add-on ${addOn.name}`,
      managedPolicies: (addOn.managedPolicies ?? []).map((name) => iam.ManagedPolicy.fromAwsManagedPolicyName(name)),
    });
    role.assumeRolePolicy?.addStatements(new iam.PolicyStatement({ actions: ['sts:TagSession'], principals: [principal] }));
    return role;
  }
}
