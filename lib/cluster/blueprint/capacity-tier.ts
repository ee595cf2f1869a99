/** One kind of capacity of a pool: a NodePool of its own. */
export interface CapacityTier {
  /** `karpenter.sh/capacity-type`. */
  readonly type: 'reserved' | 'spot' | 'on-demand';
  readonly reservationIds?: readonly string[];
  /** True for Capacity Blocks. */
  readonly block?: boolean;
  /** Only on the fallback. */
  readonly expireAfterSeconds?: number;
  readonly max?: number;
}
