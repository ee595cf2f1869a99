import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { stringify } from 'yaml';
import { Faults } from '../../lib/core/private/faults';
import { requireTool } from '../../lib/local/toolchain/tool';
import type { LlmAlertOptions } from '../../lib/serving/blueprint/llm-alert-options';
import { checkLlmAlerts, llmRules } from '../../lib/serving/blueprint/llm-alerts';
import { llmDashboard } from '../../lib/serving/blueprint/llm-dashboard';
import { llmMonitoring } from '../../lib/serving/manifests/llm-monitoring';
import { describeWithTools } from '../conformance/tools';

const FIXTURES = join(__dirname, '../fixtures/metrics');
const SCOPE = { namespace: 'models', service: 'chat' };
const REQUEST = { ...SCOPE, model: 'Qwen/Qwen3-8B', usdPerHourAndReplica: 3 };

/** What vLLM and the DCGM exporter export, read from their own sources. */
const EXPORTED = new Set(['vllm', 'dcgm'].flatMap((name) =>
  Object.keys((JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8')) as { metrics: object }).metrics)));

interface Dashboard {
  readonly panels: { title: string; targets: { expr: string; legendFormat: string }[]; gridPos: { x: number; y: number; w: number; h: number } }[];
}

const dashboard = (): Dashboard => llmDashboard(REQUEST) as unknown as Dashboard;
const expressions = [...llmRules(SCOPE).map((rule) => rule.expr), ...dashboard().panels.flatMap((panel) => panel.targets.map((target) => target.expr))];

/** Names before a selector: every selector of ours has braces. */
function metricNames(expression: string): string[] {
  return [...expression.matchAll(/([a-zA-Z_:][a-zA-Z0-9_:]*)\{/g)].map(([, name]) => name!);
}

describe('what is watched of a language model', () => {
  test('are metrics that vLLM and the DCGM exporter export', () => {
    const names = [...new Set(expressions.flatMap(metricNames))].filter((name) => name !== 'up');
    expect(names.length).toBeGreaterThan(12);
    expect(names.filter((name) => !EXPORTED.has(name))).toEqual([]);
  });

  test('is read from the pods\' own port, with the name of the service', () => {
    const { spec } = llmMonitoring({ ...REQUEST, port: 8000, selector: { a: 'b' } }).Monitor;
    expect(spec).toEqual({
      selector: { matchLabels: { a: 'b' } },
      podTargetLabels: ['ml-platform/service'],
      endpoints: [{ targetPort: 8000, path: '/metrics', interval: '15s' }],
    });
  });

  test('stands side by side on Grafana\'s 24 columns, nothing over something else', () => {
    const cells = dashboard().panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + index % w},${y + Math.floor(index / w)}`));
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard().panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
  });

  test('comes to Grafana by the label that its sidecar looks for', () => {
    // https://github.com/grafana-community/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards
    expect(llmMonitoring({ ...REQUEST, port: 8000, selector: {} }).Dashboard.metadata?.labels).toEqual({ grafana_dashboard: '1' });
  });

  test('has thresholds that can be true', () => {
    const faults = Faults.at('Chat');
    checkLlmAlerts(faults, { errorPercent: 0, waitingRequests: -1, kvCachePercent: 101, idleGpuPercent: 200 });
    expect(() => faults.throwIfAny()).toThrow(/alerts\.errorPercent 0 .*alerts\.waitingRequests -1 .*alerts\.kvCachePercent 101 .*alerts\.idleGpuPercent 200/s);
  });
});

describeWithTools('rules and dashboards of a language model, by promtool', ['promtool'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'llm-rules-'));
  let promtool: string;

  beforeAll(async () => {
    promtool = await requireTool('promtool');
  }, 600_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, content: object): string {
    const file = join(folder, name);
    writeFileSync(file, stringify(content));
    return file;
  }

  function run(...args: string[]): string {
    try {
      return execFileSync(promtool, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return `${stdout}${stderr}`;
    }
  }

  /** Which alerts fire after some minutes of metrics, as Prometheus itself computes it. */
  function firing(series: Readonly<Record<string, string>>, minutes: number, alert: string, options: LlmAlertOptions = {}): string {
    write('rules.yaml', { groups: [{ name: 'llm', rules: llmRules(SCOPE, options) }] });
    const rule = llmRules(SCOPE, options).find((it) => it.alert === alert)!;
    return run('test', 'rules', write('test.yaml', {
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [{
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [{ eval_time: `${minutes}m`, alertname: alert, exp_alerts: [{ exp_labels: { severity: rule.labels!.severity, ...OWN } }] }],
      }],
    }));
  }

  const OWN = { namespace: 'models', ml_platform_service: 'chat' };
  const labels = (more: Record<string, string> = {}): string =>
    `{${Object.entries({ ...OWN, pod: 'chat-a', ...more }).map(([name, value]) => `${name}="${value}"`).join(',')}}`;
  /** A histogram in which every request takes longer than 10 s, or none longer than a millisecond. */
  const histogram = (name: string, slow: boolean): Record<string, string> => ({
    [`${name}_bucket${labels({ le: '0.001' })}`]: slow ? '0x90' : '0+60x90',
    [`${name}_bucket${labels({ le: '10' })}`]: slow ? '0x90' : '0+60x90',
    [`${name}_bucket${labels({ le: '20' })}`]: '0+60x90',
    [`${name}_bucket${labels({ le: '+Inf' })}`]: '0+60x90',
  });
  /** promtool fails a test that names an alert which does not fire, and prints `got:[]`. */
  const fires = (output: string): boolean => {
    expect(output).toMatch(/SUCCESS|FAILED/);
    return !output.includes('got:[]');
  };

  test('rules are ones that Prometheus takes', () => {
    const file = write('check.yaml', { groups: [{ name: 'llm', rules: llmRules(SCOPE) }] });
    expect(run('check', 'rules', '--lint=all', '--lint-fatal', file)).toMatch(/SUCCESS: 7 rules found/);
    expect(run('check', 'rules', write('wrong.yaml', { groups: [{ name: 'llm', rules: [{ alert: 'A', expr: 'sum(rate(a[5m])' }] }] }))).toMatch(/FAILED/);
  });

  test('expressions of the dashboard are ones that Prometheus takes', () => {
    const targets = dashboard().panels.flatMap((panel) => panel.targets);
    const rules = targets.map(({ expr }, index) => ({ record: `panel:${index}`, expr }));
    expect(run('check', 'rules', write('panels.yaml', { groups: [{ name: 'panels', rules }] }))).toContain(`SUCCESS: ${targets.length} rules found`);
  });

  test.each<[string, number, Record<string, string>, Record<string, string>]>([
    ['LlmDown', 15, { [`up${labels()}`]: '0x90' }, { [`up${labels()}`]: '1x90' }],
    ['LlmTimeToFirstTokenHigh', 20, histogram('vllm:time_to_first_token_seconds', true), histogram('vllm:time_to_first_token_seconds', false)],
    ['LlmTimePerOutputTokenHigh', 20, histogram('vllm:request_time_per_output_token_seconds', true), histogram('vllm:request_time_per_output_token_seconds', false)],
    [
      'LlmErrorRateHigh', 15,
      { [`http_requests_total${labels({ status: '5xx' })}`]: '0+6x90', [`http_requests_total${labels({ status: '2xx' })}`]: '0+60x90' },
      { [`http_requests_total${labels({ status: '4xx' })}`]: '0+60x90', [`http_requests_total${labels({ status: '2xx' })}`]: '0+60x90' },
    ],
    ['LlmQueueLong', 15, { [`vllm:num_requests_waiting${labels()}`]: '50x90' }, { [`vllm:num_requests_waiting${labels()}`]: '2x90' }],
    ['LlmKvCacheSaturated', 20, { [`vllm:kv_cache_usage_perc${labels()}`]: '0.99x90' }, { [`vllm:kv_cache_usage_perc${labels()}`]: '0.5x90' }],
    [
      'LlmGpuIdle', 130,
      { [`vllm:num_requests_running${labels()}`]: '0x140', 'DCGM_FI_DEV_GPU_UTIL{exported_namespace="models",exported_pod="chat-a",gpu="0"}': '0x140' },
      {
        // its own GPU works; the idle one is another service's
        [`vllm:num_requests_running${labels()}`]: '3x140',
        'DCGM_FI_DEV_GPU_UTIL{exported_namespace="models",exported_pod="chat-a",gpu="0"}': '80x140',
        'DCGM_FI_DEV_GPU_UTIL{exported_namespace="models",exported_pod="chat-b-other",gpu="1"}': '0x140',
      },
    ],
  ])('%s fires when it should, and only then', (alert, minutes, sick, healthy) => {
    expect(fires(firing(sick, minutes, alert))).toBe(true);
    expect(fires(firing(healthy, minutes, alert))).toBe(false);
  });

  test('another service\'s metrics move nothing', () => {
    const other = '{namespace="models",ml_platform_service="other",pod="other-a"}';
    expect(fires(firing({ [`vllm:num_requests_waiting${other}`]: '50x90' }, 15, 'LlmQueueLong'))).toBe(false);
  });

  test('thresholds are the user\'s', () => {
    const waiting = { [`vllm:num_requests_waiting${labels()}`]: '4x90' };
    expect(fires(firing(waiting, 15, 'LlmQueueLong'))).toBe(false);
    expect(fires(firing(waiting, 15, 'LlmQueueLong', { waitingRequests: 3 }))).toBe(true);
    const slow = { ...histogram('vllm:time_to_first_token_seconds', true) };
    expect(fires(firing(slow, 20, 'LlmTimeToFirstTokenHigh', { timeToFirstToken: Duration.seconds(60) }))).toBe(false);
  });

  test('a million tokens cost what the replicas cost while they write them', () => {
    const [panel] = dashboard().panels.filter(({ title }) => title === 'Cost per million written tokens');
    const rules = [{ record: 'cost', expr: panel!.targets[0]!.expr }];
    write('rules.yaml', { groups: [{ name: 'cost', rules }] });
    // 2 replicas at 3 USD an hour write 1,000 tokens a second: 6 USD for 3.6 million
    const test = {
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [{
        interval: '1m',
        input_series: [
          { series: `vllm:num_requests_running${labels({ pod: 'chat-a' })}`, values: '1x30' },
          { series: `vllm:num_requests_running${labels({ pod: 'chat-b' })}`, values: '1x30' },
          { series: `vllm:generation_tokens_total${labels()}`, values: '0+60000x30' },
        ],
        promql_expr_test: [{ expr: 'cost', eval_time: '20m', exp_samples: [{ labels: 'cost', value: 6 / 3.6 }] }],
      }],
    };
    expect(run('test', 'rules', write('cost.yaml', test))).toContain('SUCCESS');
  });
});
