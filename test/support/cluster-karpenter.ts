import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import { InstancePrices } from '../../lib/accelerators/instance-prices';
import { freePorts } from '../../lib/local/kubernetes/free-ports';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import type { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { SupervisedProcess } from '../../lib/local/kubernetes/supervised-process';

const ZONES = ['eu-west-1a', 'eu-west-1b'];
/** Of the price of on-demand; only the order counts. */
const SPOT_SHARE = 0.4;

/** The node class of the simulated provider, as far as Karpenter asks it something: whether it is ready. */
export const KWOK_NODE_CLASSES: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'kwoknodeclasses.karpenter.kwok.sh' },
  spec: {
    group: 'karpenter.kwok.sh',
    scope: 'Cluster',
    names: { kind: 'KWOKNodeClass', listKind: 'KWOKNodeClassList', plural: 'kwoknodeclasses', singular: 'kwoknodeclass' },
    versions: [{
      name: 'v1alpha1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    }],
  },
};

/** NodePools of ours as the simulated provider can serve them: all is kept but the node class, which is its own. */
export function onKwok(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const nodeClassRef = { group: 'karpenter.kwok.sh', kind: 'KWOKNodeClass', name: 'any' };
  const pools = objects.filter(({ kind }) => kind === 'NodePool').map((pool) => {
    const spec = pool.spec as { template: { spec: object } };
    return { ...pool, spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, nodeClassRef } } } };
  });
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: now };
  return [{ apiVersion: 'karpenter.kwok.sh/v1alpha1', kind: 'KWOKNodeClass', metadata: { name: 'any' }, spec: {}, status: { conditions: [ready] } }, ...pools];
}

/** Starts Karpenter on a cloud that sells these instance types. */
export async function startKarpenter(binary: string, server: LocalApiServer, dir: string, instances: readonly AcceleratedInstance[]): Promise<SupervisedProcess> {
  const types = join(dir, 'instance-types.json');
  writeFileSync(types, JSON.stringify(instances.map(instanceType)));
  const [metrics, health] = await freePorts(2);
  const environment = {
    KUBECONFIG: server.kubeconfig, INSTANCE_TYPES_FILE_PATH: types, KUBERNETES_MIN_VERSION: '1.19.0-0', KARPENTER_SERVICE: 'karpenter',
    SYSTEM_NAMESPACE: 'kube-system', DISABLE_LEADER_ELECTION: 'true', METRICS_PORT: `${metrics}`, HEALTH_PROBE_PORT: `${health}`, BATCH_IDLE_DURATION: '200ms',
  };
  return new SupervisedProcess({ command: binary, args: [], environment, log: join(dir, 'karpenter.log') });
}

/** Field names as the provider's Go types have them: some with a capital, some without. */
function instanceType(instance: AcceleratedInstance): object {
  const price = InstancePrices.onDemand().usdPerHour(instance) ?? 0;
  const offerings = ZONES.flatMap(zone => (['spot', 'on-demand'] as const).map(capacity => ({
    Price: capacity === 'spot' ? price * SPOT_SHARE : price,
    Available: true,
    Requirements: [
      { key: 'karpenter.sh/capacity-type', operator: 'In', values: [capacity] },
      { key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] },
    ],
  })));
  const resources = { 'cpu': String(instance.vcpus), 'memory': `${instance.memoryGiB}Gi`, 'ephemeral-storage': '200Gi', 'pods': '110', 'nvidia.com/gpu': String(instance.gpuCount) };
  return { name: instance.name, architecture: instance.architecture, operatingSystems: ['linux'], resources, offerings };
}
