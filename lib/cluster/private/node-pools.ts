import type { IConstruct } from 'constructs';
import { attached } from './attached';
import type { RequiredQuota } from '../blueprint/quotas';
import type { IGpuNodePool } from '../interfaces';

const KEY = Symbol.for('cdk-ml-platform.NodePools');

/** The node pools of one cluster. */
export class NodePools {
  /** The pools of a cluster: also when two copies of this package are loaded. */
  static of(cluster: IConstruct): NodePools {
    return attached(cluster, KEY, () => new NodePools());
  }

  private readonly pools: IGpuNodePool[] = [];

  /** GPU pools, in the order in which they were added. */
  get gpu(): IGpuNodePool[] {
    return [...this.pools];
  }

  /** What all pools together can need, at most. */
  get requiredQuotas(): RequiredQuota[] {
    return [];
  }

  /** Notes a GPU pool. */
  add(pool: IGpuNodePool): void {
    this.pools.push(pool);
  }
}
