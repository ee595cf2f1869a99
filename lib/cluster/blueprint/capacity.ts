import type { Duration } from 'aws-cdk-lib';
import type { CapacityTier } from './capacity-tier';
import { checkInteger, checkLiteral, checkText, checkUnique, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';

const RESERVATION: TextRule = { pattern: /^cr-[0-9a-z]+$/, allowed: "the id of a capacity reservation such as 'cr-0123456789abcdef0'" };

const DAY = 86_400;

/** What is done while there is no spot capacity. */
export interface OnDemandFallbackOptions {
  /**
   * How long an on-demand node lives: then its pods move, to spot if there is some again. From one hour to 21 days.
   *
   * @default Duration.hours(24)
   */
  readonly expireAfter?: Duration;

  /**
   * Largest number of on-demand GPUs (vCPUs in a CPU pool).
   *
   * @default - as many as the pool may make on spot
   */
  readonly max?: number;
}

/** Capacity that is paid for already. */
export interface ReservedCapacityOptions {
  /** Ids of On-Demand Capacity Reservations or Capacity Blocks, for example `cr-0123456789abcdef0`. */
  readonly reservationIds: string[];

  /**
   * Where nodes come from when the reservations are full.
   *
   * @default - nowhere: pods wait
   */
  readonly otherwise?: Capacity;
}

/** Where the nodes of a pool come from, in order. Each kind is a NodePool of its own; the first has the highest weight. */
export class Capacity {
  /** On-demand instances: never taken away. */
  static onDemand(): Capacity {
    return new Capacity([{ type: 'on-demand' }]);
  }

  /** Spot instances only: cheap, go with two minutes' notice, and pods wait while there are none. */
  static spot(): Capacity {
    return new Capacity([{ type: 'spot' }]);
  }

  /**
   * Spot instances, and on-demand ones while there is no spot. On-demand nodes expire, because nothing else moves them back.
   *
   * Each kind has its own limit: while both run, the pool may hold `maxGpus` of spot and `max` of on-demand.
   *
   * @throws a ValidationError [invalid-expire-after], [invalid-max]
   */
  static spotWithOnDemandFallback(options: OnDemandFallbackOptions = {}): Capacity {
    const faults = Faults.at('Capacity');
    checkLiteral(faults, 'max', options.max);
    checkInteger(faults, 'max', options.max, { min: 1, max: 100_000 });
    const expireAfterSeconds = wholeSeconds(faults, 'expireAfter', options.expireAfter, { min: 3600, max: 21 * DAY, otherwise: DAY });
    faults.throwIfAny();
    return new Capacity([{ type: 'spot' }, { type: 'on-demand', expireAfterSeconds, max: options.max }]);
  }

  /**
   * On-Demand Capacity Reservations.
   *
   * @throws a ValidationError [invalid-reservation-ids], [duplicate-reservation-ids], [invalid-otherwise]
   * @see https://karpenter.sh/docs/tasks/odcrs/
   */
  static reserved(options: ReservedCapacityOptions): Capacity {
    return new Capacity(reservedTiers(options, false));
  }

  /**
   * Capacity Blocks for ML: GPUs for a time that was booked. Their nodes are drained 40 minutes before the block ends. Spot
   * cannot stand in for them.
   *
   * @throws a ValidationError [invalid-reservation-ids], [duplicate-reservation-ids], [spot-with-capacity-block]
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html
   */
  static capacityBlock(options: ReservedCapacityOptions): Capacity {
    return new Capacity(reservedTiers(options, true));
  }

  /** Whether nodes may be spot instances. */
  readonly usesSpot: boolean;
  /** Whether there is also capacity that is not spot. */
  readonly hasOnDemand: boolean;
  /** @internal */
  readonly _tiers: CapacityTier[];

  private constructor(tiers: CapacityTier[]) {
    this._tiers = tiers;
    this.usesSpot = tiers.some(({ type }) => type === 'spot');
    this.hasOnDemand = tiers.some(({ type }) => type !== 'spot');
  }
}

function reservedTiers(options: ReservedCapacityOptions, block: boolean): CapacityTier[] {
  const faults = Faults.at('Capacity');
  const { reservationIds, otherwise } = options;
  faults.check(reservationIds.length > 0, 'invalid-reservation-ids', "reservationIds is empty; name at least one, such as 'cr-0123456789abcdef0'");
  reservationIds.forEach((id, index) => checkText(faults, `reservationIds[${index}]`, id, RESERVATION));
  checkUnique(faults, 'reservationIds', reservationIds);
  const rest = otherwise?._tiers ?? [];
  faults.check(!rest.some(({ type }) => type === 'reserved'), 'invalid-otherwise',
    'otherwise is reserved capacity again, and a pool has one list of reservations; put all ids into reservationIds');
  faults.check(!block || !otherwise?.usesSpot, 'spot-with-capacity-block',
    'otherwise is spot, but who books a Capacity Block needs its GPUs for a fixed time, and spot goes with two minutes\' notice; use Capacity.onDemand(), or a second pool on spot');
  faults.throwIfAny();
  // on-demand nodes beside a reservation go back to it too, once it has room
  const returning = rest.map((tier) => (tier.type === 'on-demand' ? { expireAfterSeconds: DAY, ...tier } : tier));
  return [{ type: 'reserved', reservationIds: [...reservationIds], block }, ...returning];
}
