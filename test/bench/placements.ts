/** How long placements take, in CPU time of this process, so that other programs do not count. Prints one JSON line. */
import { LlmModel } from '../../lib/accelerators/llm-model';
import { LlmPlacement, type LlmPlacementProps } from '../../lib/accelerators/llm-placement';
import { Faults } from '../../lib/core/private/faults';

export interface PlacementTimes {
  readonly problems: number;
  /** Problems that nothing holds, so that ways out are looked for. */
  readonly refused: number;
  readonly medianMs: number;
  readonly highestMs: number;
}

/** Loads from small to absurd, and choices that leave little. */
const LOADS: Omit<LlmPlacementProps, 'model'>[] = [
  { contextLength: 1_024, concurrency: 1 },
  { contextLength: 8_192, concurrency: 64 },
  { contextLength: 8_192, concurrency: 65_536 },
  { contextLength: 8_192, concurrency: 64, instances: ['g4dn.xlarge'] },
  { contextLength: 131_072, concurrency: 100_000, tensorParallel: 1 },
];

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function main(): void {
  const problems = LlmModel.ids().flatMap((id) => LOADS.map((load): LlmPlacementProps => ({ ...load, model: LlmModel.of(id) })));
  let refused = 0;
  const times = problems.map((problem) => cpuMs(() => {
    if (Faults.at('bench').collect(() => LlmPlacement.best(problem)) === undefined) refused++;
  })).sort((a, b) => a - b);
  const figures: PlacementTimes = {
    problems: problems.length, refused, medianMs: times[times.length >> 1], highestMs: times[times.length - 1],
  };
  console.log(JSON.stringify(figures));
}

main();
