/** Writes the figures of docs/memory-fit.md and its plot: `npx tsx docs/memory-fit/render.ts`, or compares them with `--check`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plot, THEMES, TOLERANCE } from './plot';
import { CALIBRATION, compare, Comparison, HELD_OUT } from '../../test/accelerators/memory-fit-cases';

const PAGE = join(__dirname, '../memory-fit.md');

const calibration = CALIBRATION.map(compare);
const heldOut = HELD_OUT.map(compare);

/** Every file that is drawn or written, by path. */
export function files(): Record<string, string> {
  const drawn = Object.entries(THEMES).map(([name, theme]) => [join(__dirname, `predicted-and-measured-${name}.svg`), plot(theme, calibration, heldOut)]);
  return { ...Object.fromEntries(drawn) as Record<string, string>, [PAGE]: page() };
}

function page(): string {
  const text = readFileSync(PAGE, 'utf8');
  return [['hits', hits()], ['held-out', table(heldOut)], ['calibration', table(calibration)]]
    .reduce((before, [name = '', part = '']) => before.replace(
      new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`), (_all, start: string, end: string) => `${start}${part}\n${end}`), text);
}

function hits(): string {
  return [
    `| | servers | with a known room | within ${TOLERANCE} % | room not above measured | most above | most below | failed, yet said to fit |`,
    '|---|---|---|---|---|---|---|---|',
    hitRow('held out', heldOut),
    hitRow('calibration', calibration),
  ].join('\n');
}

function hitRow(name: string, servers: readonly Comparison[]): string {
  const errors = servers.flatMap(({ errorPercent }) => errorPercent ?? []);
  const share = (count: number): string => `${count} (${Math.round((count / errors.length) * 100)} %)`;
  const close = errors.filter((error) => Math.abs(error) <= TOLERANCE).length;
  const safe = errors.filter((error) => error <= 0).length;
  const failed = servers.filter(({ fit, server }) => fit.fits && !server.started).length;
  return `| ${[name, servers.length, errors.length, share(close), share(safe), percent(Math.max(...errors)), percent(Math.min(...errors)), failed].join(' | ')} |`;
}

function table(servers: readonly Comparison[]): string {
  return [
    '| model | GPUs | vLLM | utilization | context | KV GiB measured | predicted | difference | started, said to fit | source |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...servers.map(row),
  ].join('\n');
}

function row({ server, fit, measuredGiB, errorPercent }: Comparison): string {
  const method = server.quantization === undefined ? '' : ` ${server.quantization}`;
  const gpus = `${server.tensorParallel * (server.pipelineParallel ?? 1)} x ${server.gpu}${server.pipelineParallel === undefined ? '' : ' (stages)'}`;
  return `| ${[
    `${server.model.split('/').at(-1)}${method}`, gpus, server.version, server.utilization, server.contextLength,
    measuredGiB?.toFixed(1) ?? '–', fit.kvRoomGiB.toFixed(1), errorPercent === undefined ? '–' : percent(errorPercent),
    `${yes(server.started)}, ${yes(fit.fits)}`, source(server.source),
  ].join(' | ')} |`;
}

function percent(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(1)} %`;
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function source(text: string): string {
  const address = /^https:\/\/(?:github\.com\/)?(\S+)$/.exec(text);
  if (address === null) return text;
  const short = (address[1] ?? '').replace(/\/(?:issues|pull)\/(\d+)$/, '#$1').replace(/\/blob\/.*$/, '').replace(/\/.*\.php.*$/, '');
  return `[${short}](${text})`;
}

function main(check: boolean): void {
  const made = Object.entries(files());
  if (!check) return made.forEach(([path, text]) => writeFileSync(path, text));
  const stale = made.filter(([path, text]) => readFileSync(path, 'utf8') !== text).map(([path]) => path);
  if (stale.length > 0) throw new Error(`run npx tsx docs/memory-fit/render.ts: stale ${stale.join(', ')}`);
}

if (require.main === module) main(process.argv.includes('--check'));
