/** One synthesis in a process of its own: `subject.js <scenario> <outdir> [profile]`. Prints one JSON line. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { Session, type Profiler } from 'node:inspector/promises';
import { join } from 'node:path';
import { SCENARIOS } from './scenarios';

export interface Measurement {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly resources: number;
  readonly templateKiB: number;
  readonly largestKiB: number;
  readonly ownShare?: number;
}

/** Share of the samples, idle time left out, whose own frame is in the library or its stacks. */
function ownShare(profile: Profiler.Profile, own: (url: string) => boolean): number {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  let ours = 0;
  let all = 0;
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const frame = nodes.get(id);
    const time = profile.timeDeltas?.[index] ?? 0;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    all += time;
    if (own(frame.url)) ours += time;
  }
  return all === 0 ? 0 : ours / all;
}

async function main(): Promise<void> {
  const [, , scenario, outdir, profile] = process.argv;
  const session = new Session();
  session.connect();
  if (profile) {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
  }
  const started = performance.now();
  SCENARIOS[scenario](outdir);
  const seconds = (performance.now() - started) / 1000;
  const share = profile ? ownShare((await session.post('Profiler.stop')).profile, (url) => url.includes('/.cache/bench/')) : undefined;
  const sizes = readdirSync(outdir).filter((name) => name.endsWith('.template.json')).map((name) => join(outdir, name));
  const kib = sizes.map((path) => statSync(path).size / 1024);
  const resources = sizes.reduce((sum, path) => sum + Object.keys(JSON.parse(readFileSync(path, 'utf8')).Resources ?? {}).length, 0);
  const measurement: Measurement = {
    seconds,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    resources,
    templateKiB: kib.reduce((sum, size) => sum + size, 0),
    largestKiB: Math.max(...kib),
    ownShare: share,
  };
  console.log(JSON.stringify(measurement));
}

void main();
