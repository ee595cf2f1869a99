import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { fallbackHours, fallbackRuleChart } from '../../lib/cluster/manifests/node-pool-rules';
import { requireTool } from '../../lib/local/toolchain/tool';
import { describeWithTools } from '../conformance/tools';

const RULE = { poolName: 'chat', nodePool: 'chat-on-demand', namespace: 'kube-system', maxHoursPerDay: 12 };

test('the hours come from the metric that Karpenter has for nodes of a NodePool', () => {
  // kubernetes-sigs/karpenter v1.14.1, pkg/controllers/metrics/nodepool: Namespace karpenter, Subsystem nodepools, Name usage, labels resource_type and nodepool
  expect(fallbackHours('chat-on-demand')).toMatch(/^sum_over_time\(max\(karpenter_nodepools_usage\{nodepool="chat-on-demand",resource_type="nodes"\}\)\[1d:1m\]\) \/ 60$/);
});

describeWithTools('the rule about on-demand nodes, by promtool', ['promtool'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'fallback-rule-'));
  let promtool: string;

  beforeAll(async () => {
    promtool = await requireTool('promtool');
    const [rule] = fallbackRuleChart(RULE).toJson();
    writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: rule.spec.groups }));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...words: string[]) => spawnSync(promtool, words, { cwd: folder, encoding: 'utf8' });

  /** Nodes minute by minute from the first one on, and what the rule makes of them after a day. */
  function hoursAfterADay(values: string, hours: number): string {
    writeFileSync(join(folder, 'test.yaml'), stringify({
      rule_files: ['rules.yaml'],
      evaluation_interval: '5m',
      tests: [{
        interval: '1m',
        input_series: [{ series: 'karpenter_nodepools_usage{nodepool="chat-on-demand",resource_type="nodes",pod="a"}', values },
          // pools of spot nodes, other resources and a copy that does not lead are not meant
          { series: 'karpenter_nodepools_usage{nodepool="chat",resource_type="nodes",pod="a"}', values: '9x1440' },
          { series: 'karpenter_nodepools_usage{nodepool="chat-on-demand",resource_type="cpu",pod="a"}', values: '64x1440' }],
        promql_expr_test: [{ expr: 'round(ml_platform:on_demand_fallback_node_hours:1d)', eval_time: '1d', exp_samples: [{ labels: '{node_pool="chat"}', value: hours }] }],
        alert_rule_test: [{
          alertname: 'OnDemandFallbackLasts', eval_time: '1d',
          exp_alerts: hours > 12 ? [{
            exp_labels: { severity: 'warning', node_pool: 'chat' }, exp_annotations: {
              summary: 'On-demand nodes stand in for spot in the pool chat',
              description: `${hours} node-hours in the last day, more than 12. Offer more instance types or zones to the pool, or plan for on-demand prices.`,
            },
          }] : [],
        }],
      }],
    }));
    const { stdout, stderr, status } = run('test', 'rules', 'test.yaml');
    return status === 0 ? 'passed' : `${stdout}${stderr}`;
  }

  test('is one that Prometheus takes', () => {
    const { stdout, stderr, status } = run('check', 'rules', 'rules.yaml');
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('2 rules found')]);
  });

  test('counts node-hours, and none where there was no node', () => {
    expect(hoursAfterADay('0x1080 2x359', 12)).toBe('passed');
    expect(hoursAfterADay('_x1380 3x60', 3)).toBe('passed');
  });

  test('warns above the limit', () => {
    expect(hoursAfterADay('0x720 2x719', 24)).toBe('passed');
  });

  test('would be seen to be wrong', () => {
    expect(hoursAfterADay('0x1080 2x359', 11)).toContain('FAILED');
  });
});
