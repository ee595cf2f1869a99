import { VLLM_FLAGS, VLLM_SHORT_FLAGS, VLLM_SWITCHES, VLLM_VERSION } from './llm-flags';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import { isUnresolved } from '../../core/private/tokens';

/** Flags that a property stands for. */
const PROPERTY_OF: Readonly<Record<string, string>> = {
  'served-model-name': 'servedModelName',
  'max-model-len': 'contextLength',
  'tensor-parallel-size': 'tensorParallel',
  'dtype': 'dtype',
  'quantization': 'quantization',
  'kv-cache-dtype': 'kvCacheDtype',
  'gpu-memory-utilization': 'gpuMemoryUtilization',
  'device-memory-utilization': 'gpuMemoryUtilization',
  'max-num-seqs': 'maxNumSeqs',
  'max-num-batched-tokens': 'maxNumBatchedTokens',
  'enable-prefix-caching': 'prefixCaching',
  'enforce-eager': 'enforceEager',
  'enable-lora': 'loraAdapters',
  'lora-modules': 'loraAdapters',
  'max-loras': 'loraAdapters',
  'max-lora-rank': 'maxLoraRank',
  'trust-remote-code': 'trustRemoteCode',
  'enable-auto-tool-choice': 'toolCallParser',
  'tool-call-parser': 'toolCallParser',
  'reasoning-parser': 'reasoningParser',
  'api-key': 'apiKey',
  'shutdown-timeout': 'drainTimeout',
  'model': 'source',
  'revision': 'source',
  'load-format': 'source',
  'model-loader-extra-config': 'source',
  'hf-token': 'source',
};

/** Flags that the library sets itself, or whose use would break what it promises. */
const KEPT: Readonly<Record<string, string>> = {
  'port': 'probes, Service and network policy name the port',
  'host': 'the server has to answer on the address of its pod',
  'uds': 'the server has to answer on the address of its pod',
  'config': 'the arguments are the pod\'s own',
  'pipeline-parallel-size': 'it follows from the placement',
  'nnodes': 'it follows from the placement',
  'node-rank': 'it follows from the placement',
  'master-addr': 'it follows from the placement',
  'master-port': 'it follows from the placement',
  'headless': 'it follows from the placement',
  'distributed-executor-backend': 'it follows from the placement',
  'data-parallel-size': 'the memory fit holds for one engine in a pod; use replicas',
  'kv-cache-memory-bytes': 'the memory fit computes it; use gpuMemoryUtilization',
  'grpc': 'probes and routes speak HTTP',
};

/**
 * Refuses arguments that vLLM does not have, and those that a property or the library itself sets: whichever came last would
 * win, and the memory fit and the probes would describe another server.
 */
export function checkExtraArgs(faults: Faults, extraArgs: readonly string[]): void {
  extraArgs.forEach((argument, index) => {
    const property = `extraArgs[${index}]`;
    if (isUnresolved(argument)) return;
    if (typeof argument !== 'string' || argument.trim() !== argument || argument === '') {
      faults.add('invalid-extra-args', `${property} ${show(argument)} is empty or has blanks at its ends; give one argument in each entry, as on a command line without a shell`);
    } else if (/^-/.test(argument) && !/^-?[0-9.]+$/.test(argument)) {
      checkFlag(faults, property, argument);
    } else if (index === 0) {
      faults.add('invalid-extra-args', `${property} ${show(argument)} is no flag; start with one, such as '--seed'`);
    }
  });
}

function checkFlag(faults: Faults, property: string, argument: string): void {
  const written = argument.split('=')[0] ?? argument;
  const flag = flagOf(written);
  if (flag === undefined) {
    const near = suggest(written.replace(/^-+/, ''), VLLM_FLAGS);
    const hint = near === undefined ? '' : ` (did you mean '--${near}'?)`;
    faults.add('unknown-extra-args', `${property} ${show(written)} is not a flag of vLLM ${VLLM_VERSION}${hint}; correct it, or leave it out`);
    return;
  }
  const owner = PROPERTY_OF[flag];
  faults.check(owner === undefined, 'contradicting-extra-args',
    `${property} sets --${flag}, which is what the property ${owner} is for; set ${owner} and leave the argument out`);
  faults.check(KEPT[flag] === undefined, 'contradicting-extra-args',
    `${property} sets --${flag}, which the service sets itself: ${KEPT[flag]}; leave the argument out`);
}

/** The flag's long name; vLLM also takes underscores, `no-` in front of switches and `flag.key` for keys of a JSON value. */
function flagOf(written: string): string | undefined {
  const [name = ''] = written.replace(/^--?/, '').replace(/_/g, '-').split('.');
  if (!written.startsWith('--')) return VLLM_SHORT_FLAGS.get(name);
  if (VLLM_FLAGS.has(name)) return name;
  const positive = name.replace(/^no-/, '');
  return name !== positive && VLLM_SWITCHES.has(positive) ? positive : undefined;
}
