import vllm from './fixtures/vllm.json';
import { engineOf, fullEngine, planOf, serviceOf } from './llm-samples';
import { Faults } from '../../lib/core/private/faults';
import { PlatformVersion } from '../../lib/core/versions';
import { serveArgs } from '../../lib/serving/blueprint/llm-engine';
import { checkExtraArgs } from '../../lib/serving/blueprint/llm-extra-args';
import { startup } from '../../lib/serving/blueprint/llm-startup';
import { faultOf } from '../cluster/support';

const flags = new Set([...vllm.flags, ...vllm.negatable.map((it) => it.replace('--', '--no-'))]);

function refusalOf(...extraArgs: string[]): string {
  return faultOf(() => {
    const faults = Faults.at('Chat');
    checkExtraArgs(faults, extraArgs);
    faults.throwIfAny();
  });
}

function accepts(...extraArgs: string[]): boolean {
  const faults = Faults.at('Chat');
  checkExtraArgs(faults, extraArgs);
  return faults.ok;
}

describe('the arguments of vllm serve', () => {
  test('are those of the pinned image', () => {
    expect(PlatformVersion.V2026_11.container('vllm')).toContain(`:v${vllm.version}`);
  });

  test.each([
    ['a small service', serveArgs(engineOf(), planOf())],
    ['every option', serveArgs(fullEngine(), planOf({ tensorParallel: 4, pipelineParallel: 2 }))],
    ['prefix caching', serveArgs(engineOf({ prefixCaching: true }), planOf())],
    ['the Hub', serveArgs(engineOf({ weights: { type: 'hugging-face', revision: 'abc' } }), planOf())],
    ['the registry', serveArgs(engineOf({ weights: { type: 'registry', modelName: 'm', releaseTable: 't', path: '', tokenizerPath: '' } }), planOf())],
    ['a group of nodes', ['--nnodes', '--node-rank', '--master-addr', '--headless']],
  ])('are flags that its release has: %s', (_, args) => {
    const used = args.filter((it) => it.startsWith('--'));
    expect(used.length).toBeGreaterThan(3);
    expect(used.filter((it) => !flags.has(it))).toEqual([]);
  });

  test('say little where the defaults are right', () => {
    expect(serveArgs(engineOf(), planOf())).toEqual([
      's3://models/llama-3.1-8b', '--served-model-name', 'meta-llama/Llama-3.1-8B-Instruct', '--port', '8000', '--max-model-len', '16384',
      '--load-format', 'runai_streamer', '--model-loader-extra-config', '{"concurrency":16,"memory_limit":8589934592}',
      '--shutdown-timeout', '90', '--disable-access-log-for-endpoints', '/health,/metrics',
    ]);
  });

  test('stream into a buffer that a small node has, and by parts where there are several ranks', () => {
    const small = serveArgs(engineOf(), planOf({ node: { vcpusPerGpu: 4, memoryGiBPerGpu: 16, networkGbps: 2.5 } }));
    expect(small).toContain(`{"concurrency":16,"memory_limit":${4 * 2 ** 30}}`);
    expect(serveArgs(engineOf(), planOf({ tensorParallel: 2 }))).toContain('{"concurrency":16,"distributed":true}');
  });

  test('leave the Hub its own way to load', () => {
    const args = serveArgs(engineOf({ weights: { type: 'hugging-face', id: 'acme/m', revision: 'abc' } }), planOf());
    expect(args.slice(0, 3)).toEqual(['acme/m', '--revision', 'abc']);
    expect(args).not.toContain('--load-format');
  });

  test('name adapters where they were fetched to', () => {
    const args = serveArgs(fullEngine(), planOf());
    const at = args.indexOf('--lora-modules');
    expect(args.slice(at + 1, at + 3)).toEqual(['sql=/var/run/llm/adapters/sql', 'tone=/var/run/llm/adapters/tone']);
    expect(args[args.indexOf('--max-loras') + 1]).toBe('2');
  });

  test('end with what the user adds', () => {
    expect(serveArgs(engineOf({ extraArgs: ['--seed', '7'] }), planOf()).slice(-2)).toEqual(['--seed', '7']);
  });
});

describe('extraArgs', () => {
  test('may be any flag that nothing else sets, in every spelling of vLLM', () => {
    expect(accepts('--seed', '7', '--max-logprobs=5', '--max_logprobs', '5', '--no-use-tqdm-on-load', '-cc.pass_config.fuse_norm=true', '-ep', '--seed', '-1')).toBe(true);
  });

  test('a flag that the pinned version does not have is refused, with the one that was meant', () => {
    expect(refusalOf('--max-logprob', '5')).toBe(
      "ValidationError at Chat [unknown-extra-args]: extraArgs[0] '--max-logprob' is not a flag of vLLM 0.33.0 (did you mean '--max-logprobs'?); correct it, or leave it out");
    expect(refusalOf('--no-seed')).toContain('[unknown-extra-args]');
  });

  test('a flag that a property is for is refused', () => {
    expect(refusalOf('--max-model-len', '4096')).toBe(
      'ValidationError at Chat [contradicting-extra-args]: extraArgs[0] sets --max-model-len, which is what the property contextLength is for; set contextLength and leave the argument out');
    expect(refusalOf('-tp', '2')).toContain('sets --tensor-parallel-size, which is what the property tensorParallel is for');
    expect(refusalOf('--no-enable-prefix-caching')).toContain('property prefixCaching');
    expect(refusalOf('--kv_cache_dtype=fp8')).toContain('property kvCacheDtype');
  });

  test('a flag that the service sets itself is refused, with the reason', () => {
    expect(refusalOf('--port', '80')).toBe(
      'ValidationError at Chat [contradicting-extra-args]: extraArgs[0] sets --port, which the service sets itself: probes, Service and network policy name the port; leave the argument out');
    expect(refusalOf('-dp', '2')).toContain('use replicas');
  });

  test('a value before any flag, and blanks, are refused', () => {
    expect(refusalOf('7')).toContain("[invalid-extra-args]: extraArgs[0] '7' is no flag; start with one, such as '--seed'");
    expect(refusalOf('--seed 7 ')).toContain('[invalid-extra-args]');
  });

  test('every flag that the library sets for some input is refused there', () => {
    const own = new Set([...serveArgs(fullEngine(), planOf({ tensorParallel: 2, pipelineParallel: 2 })), ...serveArgs(engineOf({ weights: { type: 'hugging-face', revision: 'x' } }), planOf())]
      .filter((it) => it.startsWith('--') && !['--seed', '--disable-access-log-for-endpoints'].includes(it)));
    for (const flag of own) expect(refusalOf(flag)).toContain('[contradicting-extra-args]');
  });
});

describe('the start', () => {
  const s3 = engineOf().weights;

  test('is given ten minutes at least, and three times what is expected', () => {
    expect(startup(s3, 15, 10).budgetSeconds).toBe(600);
    const large = startup(s3, 630, 100);
    expect(large.expectedSeconds).toBeGreaterThan(630);
    expect(large.budgetSeconds).toBeGreaterThanOrEqual(3 * large.expectedSeconds);
  });

  test('takes longer over a thin line, from a disk, and from the Hub', () => {
    const fast = startup(s3, 100, 25).expectedSeconds;
    expect(startup(s3, 100, 2.5).expectedSeconds).toBeGreaterThan(fast);
    expect(startup({ type: 'node-cache', claimName: 'c', path: '' }, 100, 25).expectedSeconds).toBeGreaterThan(fast);
    expect(startup({ type: 'hugging-face' }, 100, 25).expectedSeconds).toBeGreaterThan(startup({ type: 'node-cache', claimName: 'c', path: '' }, 100, 25).expectedSeconds);
  });

  test('covers what was measured: 14.99 GiB streamed in 15.0 s, mapped from a disk in 50.6 s', () => {
    expect(startup(s3, 14.99, 100).expectedSeconds).toBeGreaterThanOrEqual(15);
    expect(startup({ type: 'node-cache', claimName: 'c', path: '' }, 14.99, 100).expectedSeconds).toBeGreaterThanOrEqual(50.6 - 1);
  });
});

describe('the end', () => {
  test('comes before the node goes: grace stays under the two minutes of a spot notice', () => {
    expect(serviceOf().graceSeconds).toBeLessThan(120);
    expect(serviceOf().graceSeconds).toBeGreaterThan(90 + 10);
  });
});
