import { wholeDays } from './whole-days';
import { Zone } from './zone';
import { ColdStorage, type ZoneTransition } from './zone-transition';
import { checkOneOf, checkUnique } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A transition, decided. */
export interface TransitionBlueprint {
  readonly zone: Zone;
  /** S3's word. */
  readonly storageClass: string;
  readonly days: number;
}

/** Checks transitions and fills in what was left out. */
export function zoneTransitions(faults: Faults, transitions: ZoneTransition[] = []): TransitionBlueprint[] {
  checkUnique(faults, 'transitions', transitions.map(({ zone }) => zone));
  return transitions.map(({ zone, storage, after }) => {
    checkOneOf(faults, 'transitions.zone', zone, Object.values(Zone));
    checkOneOf(faults, 'transitions.storage', storage, Object.values(ColdStorage));
    const days = wholeDays(faults, 'transitions.after', after, 30);
    faults.check(storage !== ColdStorage.INFREQUENT_ACCESS || days >= 30, 'transition-too-early',
      `transitions moves zone '${zone}' to infrequent access after ${days} days, but S3 takes objects from 30 days on; wait for 30 days, or use ColdStorage.INTELLIGENT_TIERING`);
    return { zone, storageClass: storage ?? ColdStorage.INTELLIGENT_TIERING, days };
  });
}
