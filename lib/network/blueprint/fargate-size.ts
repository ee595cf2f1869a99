import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

interface MemoryRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/**
 * CPU units to the memory that goes with them, in MiB.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const SIZES: ReadonlyMap<number, MemoryRange> = new Map([
  [256, { min: 512, max: 2048, step: 1024 }],
  [512, { min: 1024, max: 4096, step: 1024 }],
  [1024, { min: 2048, max: 8192, step: 1024 }],
  [2048, { min: 4096, max: 16384, step: 1024 }],
  [4096, { min: 8192, max: 30720, step: 1024 }],
  [8192, { min: 16384, max: 61440, step: 4096 }],
  [16384, { min: 32768, max: 122880, step: 8192 }],
]);

/** Refuses a pair of CPU and memory that Fargate does not sell. */
export function checkFargateSize(faults: Faults, cpu: number, memoryLimitMiB: number): void {
  for (const [property, value] of [['cpu', cpu], ['memoryLimitMiB', memoryLimitMiB]] as const) {
    if (isUnresolved(value)) {
      faults.add(`unresolved-${property === 'cpu' ? 'cpu' : 'memory-limit-mib'}`,
        `${property} is known only at deploy time, but Fargate's sizes are checked at synthesis; give a literal`);
    }
  }
  if (isUnresolved(cpu) || isUnresolved(memoryLimitMiB)) return;
  const range = SIZES.get(cpu);
  if (!range) {
    faults.add('invalid-cpu', `cpu ${show(cpu)} is not a Fargate size; use one of ${[...SIZES.keys()].join(', ')} CPU units`);
    return;
  }
  faults.check(memoryOf(range).includes(memoryLimitMiB), 'invalid-memory-limit-mib',
    `memoryLimitMiB ${show(memoryLimitMiB)} does not go with cpu ${cpu}; use ${describe(cpu, range)}${elsewhere(memoryLimitMiB)}`);
}

function memoryOf(range: MemoryRange): number[] {
  const sizes = [range.min];
  for (let size = Math.ceil((range.min + 1) / range.step) * range.step; size <= range.max; size += range.step) sizes.push(size);
  return sizes;
}

function describe(cpu: number, range: MemoryRange): string {
  const sizes = memoryOf(range);
  if (sizes.length <= 4) return `one of ${sizes.join(', ')}`;
  return `${range.min} to ${range.max} in steps of ${range.step} (cpu ${cpu})`;
}

function elsewhere(memoryLimitMiB: number): string {
  const fits = [...SIZES].filter(([, range]) => memoryOf(range).includes(memoryLimitMiB)).map(([cpu]) => cpu);
  return fits.length === 0 ? '' : `, or cpu ${fits.join(' or ')} for that memory`;
}
