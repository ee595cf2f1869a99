import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';
import { nodeClass, type NodePlacement } from './node-class';
import type { NodePoolSpec, PoolPlan } from '../blueprint/node-pool';
import type { CapacityOverlay } from '../blueprint/node-pool-sharing';
import { NodeProvisioning } from '../blueprint/node-provisioning';

/** The objects of one pool: what its nodes boot from, a NodePool for each kind of capacity, and what shared GPUs amount to. */
export function nodePoolChart(plan: PoolPlan, placement: NodePlacement): Chart {
  const chart = emptyChart('node-pool');
  const auto = plan.provisioning === NodeProvisioning.AUTO_MODE;
  nodeClass(chart, plan.nodeClass, placement);
  const nodeClassRef = auto
    ? { group: 'eks.amazonaws.com', kind: 'NodeClass', name: plan.nodeClass.name }
    : { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: plan.nodeClass.name };
  for (const spec of plan.nodePools) nodePool(chart, spec, nodeClassRef);
  const names = plan.nodePools.map(({ name }) => name);
  plan.overlays.forEach((overlay, index) => nodeOverlay(chart, `${plan.poolName}-${index}`, overlay, names));
  return chart;
}

/** https://karpenter.sh/docs/concepts/nodepools/ */
function nodePool(chart: Chart, spec: NodePoolSpec, nodeClassRef: object): void {
  const { consolidationPolicy, consolidateAfter, budgets, expireAfter, terminationGracePeriod } = spec.disruption;
  new ApiObject(chart, `NodePool-${spec.name}`, {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: spec.name },
    spec: {
      weight: spec.weight,
      limits: spec.limits,
      disruption: { consolidationPolicy, consolidateAfter, budgets },
      template: {
        metadata: { labels: spec.labels },
        spec: {
          nodeClassRef,
          ...spec.taints.length === 0 ? {} : { taints: spec.taints },
          expireAfter,
          ...terminationGracePeriod === undefined ? {} : { terminationGracePeriod },
          requirements: spec.requirements,
        },
      },
    },
  });
}

/** https://karpenter.sh/docs/concepts/nodeoverlays/ */
function nodeOverlay(chart: Chart, name: string, overlay: CapacityOverlay, nodePools: readonly string[]): void {
  new ApiObject(chart, `NodeOverlay-${name}`, {
    apiVersion: 'karpenter.sh/v1alpha1',
    kind: 'NodeOverlay',
    metadata: { name },
    spec: {
      requirements: [
        { key: 'karpenter.sh/nodepool', operator: 'In', values: nodePools },
        { key: 'node.kubernetes.io/instance-type', operator: 'In', values: overlay.instanceTypes },
      ],
      capacity: { [overlay.resource]: String(overlay.amount) },
    },
  });
}
