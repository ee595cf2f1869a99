/** Writes docs/diagrams/*.svg from their source: `npx tsx docs/diagrams/render.ts`, or compares them with `--check`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { platform, THEMES } from './platform';

/** Every picture of the README by file name. */
export async function pictures(): Promise<Record<string, string>> {
  const graphviz = await Graphviz.load();
  return Object.fromEntries(Object.entries(THEMES).map(([name, theme]) => [`platform-${name}.svg`, graphviz.dot(platform(theme))]));
}

async function main(check: boolean): Promise<void> {
  const drawn = Object.entries(await pictures());
  if (!check) return drawn.forEach(([name, svg]) => writeFileSync(join(__dirname, name), svg));
  const stale = drawn.filter(([name, svg]) => readFileSync(join(__dirname, name), 'utf8') !== svg).map(([name]) => name);
  console.log(stale.length === 0 ? `${drawn.length} pictures are in step` : `run npx tsx docs/diagrams/render.ts: stale ${stale.join(', ')}`);
}

if (require.main === module) void main(process.argv.includes('--check'));
