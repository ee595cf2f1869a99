import { checkViewsOnline } from './materialization';
import { checkInteger, checkNumber } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What a user says about a comparison. */
export interface SkewCheckInput {
  readonly viewNames: string[];
  /** Views that are not online. */
  readonly offlineViews: string[];
  readonly sample?: number;
  readonly threshold?: number;
}

/** Arguments of the runtime's command. Values are compared as of the last run's end: what came since is not online yet. */
export function skewCheck(faults: Faults, input: SkewCheckInput): string[] {
  checkViewsOnline(faults, input);
  checkInteger(faults, 'sample', input.sample, { min: 1, max: 100_000, unit: 'entities' });
  checkNumber(faults, 'threshold', input.threshold, { min: 0, max: 1 });
  return [
    ...input.viewNames.flatMap((name) => ['--view', name]),
    '--at', 'watermark', '--sample', String(input.sample ?? 500), '--threshold', String(input.threshold ?? 0.01),
  ];
}
