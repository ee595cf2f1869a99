/**
 * Finds or makes tools and Python environments and prints where they are; in CI it warms the cache.
 *
 *     npx tsx lib/local/toolchain/main.ts all
 *     npx tsx lib/local/toolchain/main.ts kube-apiserver etcd
 *     npx tsx lib/local/toolchain/main.ts --python lib/local/requirements.lock
 *
 * Ends with 1 if anything asked for is not to be had.
 */
import { parseArgs } from 'node:util';
import { pythonEnvironment } from './python-environment';
import { findTool, provideTool, tools } from './tool';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { python: { type: 'string', multiple: true, default: [] } } });
  const names = positionals.includes('all') ? [...tools().keys()] : positionals;
  if (names.length === 0 && values.python.length === 0) {
    process.stderr.write(`name what is needed: all, ${[...tools().keys()].join(', ')} or --python <lock file>\n`);
    return 2;
  }
  const answers: boolean[] = [];
  for (const name of names) {
    if (!findTool(name).available) process.stderr.write(`making ${name}\n`);
    const found = await provideTool(name);
    answers.push(say(name, found.available ? `${found.path}\t${found.version}, ${found.origin}` : found));
  }
  for (const lock of values.python) {
    const found = await pythonEnvironment(lock);
    answers.push(say(lock, found.available ? found.python : found));
  }
  return answers.every(available => available) ? 0 : 1;
}

function say(name: string, found: string | { readonly reason: string }): boolean {
  const available = typeof found === 'string';
  process.stdout.write(`${name}\t${available ? found : `not available: ${found.reason}`}\n`);
  return available;
}

void main().then((code) => { process.exitCode = code; });
