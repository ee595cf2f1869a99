import type { Capacity } from './capacity';
import type { CapacityTier } from './capacity-tier';
import { goDuration } from './node-pool-disruption';

/** One NodePool of a pool: one kind of capacity. */
export interface PoolTier {
  /** Name of the NodePool. */
  readonly name: string;
  /** Which NodePool is tried first: the one with the highest weight. */
  readonly weight: number;
  /** `karpenter.sh/capacity-type`. */
  readonly capacityType: CapacityTier['type'];
  /** `default` or `capacity-block`; only on reserved capacity. */
  readonly reservationType?: string;
  /** How long nodes live, in Go's spelling; only where nodes have to go back to cheaper capacity. */
  readonly expireAfter?: string;
  /** Largest number of GPUs or vCPUs. */
  readonly max: number;
}

/**
 * The NodePools of a pool, the one to be tried first at the front.
 *
 * Each kind of capacity is one of its own: in a common NodePool nothing moves an on-demand node back to spot as long as a
 * pod runs on it, and nodes of one NodePool share one expiry. https://karpenter.sh/docs/concepts/scheduling/#weighted-nodepools
 */
export function poolTiers(poolName: string, capacity: Capacity, max: number): PoolTier[] {
  return capacity._tiers.map((tier, index) => ({
    name: index === 0 ? poolName : `${poolName}-${tier.type}`,
    weight: 100 - 10 * index,
    capacityType: tier.type,
    ...tier.type === 'reserved' ? { reservationType: tier.block === true ? 'capacity-block' : 'default' } : {},
    ...tier.expireAfterSeconds === undefined ? {} : { expireAfter: goDuration(tier.expireAfterSeconds) },
    max: Math.min(tier.max ?? max, max),
  }));
}

/** Ids of the reservations that nodes may use. */
export function reservationsOf(capacity: Capacity): string[] {
  return capacity._tiers.flatMap((tier) => tier.reservationIds ?? []);
}
