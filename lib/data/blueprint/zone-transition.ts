import type { Duration } from 'aws-cdk-lib';
import type { Zone } from './zone';

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
