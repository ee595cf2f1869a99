import { ApiObject, type Chart } from 'cdk8s';
import type { NodeClassSpec } from '../blueprint/node-pool';

/** Where in AWS the nodes of a pool stand; may be known only at deploy time. */
export interface NodePlacement {
  readonly subnetIds: readonly string[];
  /** Id of the cluster's security group; undefined where it is found by the cluster's name. */
  readonly securityGroupId?: string;
  readonly clusterName: string;
  /** Instance profile of Karpenter's nodes. */
  readonly instanceProfile?: string;
  /** Role of Auto Mode's nodes. */
  readonly role?: string;
}

/** What nodes boot from: Karpenter's EC2NodeClass, or the NodeClass of EKS Auto Mode. */
export function nodeClass(chart: Chart, spec: NodeClassSpec, placement: NodePlacement): void {
  if (spec.family === undefined) autoModeClass(chart, spec, placement);
  else karpenterClass(chart, spec, spec.family, placement);
}

/** https://karpenter.sh/docs/concepts/nodeclasses/ */
function karpenterClass(chart: Chart, spec: NodeClassSpec, family: string, placement: NodePlacement): void {
  new ApiObject(chart, 'NodeClass', {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name: spec.name },
    spec: {
      ...spec.alias === undefined ? { amiFamily: family === 'bottlerocket' ? 'Bottlerocket' : 'AL2023' } : {},
      amiSelectorTerms: spec.alias === undefined ? spec.imageIds.map((id) => ({ id })) : [{ alias: spec.alias }],
      instanceProfile: placement.instanceProfile,
      ...network(placement),
      associatePublicIPAddress: false,
      metadataOptions: { httpEndpoint: 'enabled', httpProtocolIPv6: 'disabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      blockDeviceMappings: blockDevices(spec, family),
      ...spec.disk.localDisks ? { instanceStorePolicy: 'RAID0' } : {},
      ...spec.userData === undefined ? {} : { userData: spec.userData },
      ...reservations(spec),
      ...Object.keys(spec.tags).length === 0 ? {} : { tags: spec.tags },
    },
  });
}

/** https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html */
function autoModeClass(chart: Chart, spec: NodeClassSpec, placement: NodePlacement): void {
  new ApiObject(chart, 'NodeClass', {
    apiVersion: 'eks.amazonaws.com/v1',
    kind: 'NodeClass',
    metadata: { name: spec.name },
    spec: {
      role: placement.role,
      ...network(placement),
      ephemeralStorage: { size: `${spec.disk.sizeGiB}Gi` },
      networkPolicy: 'DefaultAllow',
      networkPolicyEventLogs: 'Disabled',
      ...reservations(spec),
    },
  });
}

function network({ subnetIds, securityGroupId, clusterName }: NodePlacement): object {
  return {
    subnetSelectorTerms: subnetIds.map((id) => ({ id })),
    // EKS tags its security group with the cluster's name
    securityGroupSelectorTerms: [
      securityGroupId === undefined ? { tags: { 'aws:eks:cluster-name': clusterName } } : { id: securityGroupId },
    ],
  };
}

function reservations({ reservationIds }: NodeClassSpec): object {
  return reservationIds.length === 0 ? {} : { capacityReservationSelectorTerms: reservationIds.map((id) => ({ id })) };
}

/** Bottlerocket keeps its system on a small volume of its own. */
function blockDevices({ disk }: NodeClassSpec, family: string): object[] {
  const device = (deviceName: string, volumeSize: string, throughput?: number) => ({
    deviceName,
    ebs: { volumeSize, volumeType: 'gp3', encrypted: true, deleteOnTermination: true, ...throughput === undefined ? {} : { throughput } },
  });
  const main = `${disk.sizeGiB}Gi`;
  return family === 'bottlerocket'
    ? [device('/dev/xvda', '4Gi'), device('/dev/xvdb', main, disk.throughput)]
    : [device('/dev/xvda', main, disk.throughput)];
}
