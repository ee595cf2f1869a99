import type { Duration } from 'aws-cdk-lib';
import { wholeDays } from './whole-days';
import { Zone } from './zone';
import { checkOneOf, checkUnique } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** Cheaper storage for objects that are seldom read. */
export enum ColdStorage {
  /**
   * S3 moves each object by how it is read, at no fee for reading; 0.0025 USD a month for 1000 objects that are watched.
   * The choice where nobody knows what is read.
   */
  INTELLIGENT_TIERING = 'INTELLIGENT_TIERING',
  /** About half the price of storage, a fee of 0.01 USD for each GB that is read, and 30 days billed at least. */
  INFREQUENT_ACCESS = 'STANDARD_IA',
}

/** When the objects of a zone move to cheaper storage. They stay readable at once and by the same name. */
export interface ZoneTransition {
  /** The zone. */
  readonly zone: Zone;

  /**
   * Where objects move to.
   *
   * @default ColdStorage.INTELLIGENT_TIERING
   */
  readonly storage?: ColdStorage;

  /**
   * Age of an object when it moves, in whole days; at least 30 for `ColdStorage.INFREQUENT_ACCESS`.
   *
   * @default Duration.days(30)
   */
  readonly after?: Duration;
}

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
