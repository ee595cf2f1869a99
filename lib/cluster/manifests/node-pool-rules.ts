import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';

/** What the rule watches. */
export interface FallbackRule {
  readonly poolName: string;
  /** The NodePool whose nodes stand in for cheaper ones. */
  readonly nodePool: string;
  readonly namespace: string;
  readonly maxHoursPerDay: number;
}

/** Nodes of a NodePool now: only the copy of Karpenter that leads tells it. https://karpenter.sh/docs/reference/metrics/ */
function nodesOf(nodePool: string): string {
  return `max(karpenter_nodepools_usage{nodepool="${nodePool}",resource_type="nodes"})`;
}

/** Node-hours of the last day: one sample a minute, and none where there was no node. */
export function fallbackHours(nodePool: string): string {
  return `sum_over_time(${nodesOf(nodePool)}[1d:1m]) / 60`;
}

/** Records the node-hours that on-demand nodes stood in for spot, and warns when they are too many. */
export function fallbackRuleChart({ poolName, nodePool, namespace, maxHoursPerDay }: FallbackRule): Chart {
  const chart = emptyChart('node-pool-rules');
  const record = 'ml_platform:on_demand_fallback_node_hours:1d';
  const labels = { node_pool: poolName };
  new ApiObject(chart, 'Rule', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: `${poolName}-fallback`, namespace },
    spec: {
      groups: [{
        name: `ml-platform.node-pool.${poolName}`,
        interval: '5m',
        rules: [
          { record, labels, expr: fallbackHours(nodePool) },
          {
            alert: 'OnDemandFallbackLasts',
            expr: `${record}{node_pool="${poolName}"} > ${maxHoursPerDay}`,
            for: '30m',
            labels: { severity: 'warning' },
            annotations: {
              summary: `On-demand nodes stand in for spot in the pool ${poolName}`,
              description: `{{ $value | humanize }} node-hours in the last day, more than ${maxHoursPerDay}. Offer more instance types or zones to the pool, or plan for on-demand prices.`,
            },
          },
        ],
      }],
    },
  });
  return chart;
}
