import { CfnOutput, Lazy } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { attached } from './attached';
import type { RequiredQuota } from '../blueprint/quotas';
import { describeQuotas, sumQuotas } from '../blueprint/quotas-needed';
import type { IGpuNodePool, IKarpenter } from '../interfaces';

const KEY = Symbol.for('cdk-ml-platform.NodePools');

/** A pool that this app makes. */
export interface PoolOfThisApp extends IConstruct {
  readonly poolName: string;
  readonly requiredQuotas: RequiredQuota[];
}

/** The node pools of one cluster, and what they stand on. */
export class NodePools {
  /** The pools of a cluster: also when two copies of this package are loaded. */
  static of(cluster: IConstruct): NodePools {
    return attached(cluster, KEY, () => new NodePools());
  }

  /** What makes nodes; undefined until the first pool, and with EKS Auto Mode. */
  karpenter?: IKarpenter;
  /** Role of the nodes of EKS Auto Mode. */
  autoModeRole?: iam.IRole;
  private readonly gpuPools: IGpuNodePool[] = [];
  private readonly quotas: RequiredQuota[] = [];
  private readonly names = new Map<string, string>();

  /** GPU pools, in the order in which they were added. */
  get gpu(): IGpuNodePool[] {
    return [...this.gpuPools];
  }

  /** What all pools together can need, at most. */
  get requiredQuotas(): RequiredQuota[] {
    return sumQuotas(this.quotas);
  }

  /** Path of the pool that has this name. */
  ownerOf(poolName: string): string | undefined {
    return this.names.get(poolName);
  }

  /** Notes a GPU pool: services find it. */
  add(pool: IGpuNodePool): void {
    this.gpuPools.push(pool);
    this.names.set(pool.poolName, pool.node.path);
  }

  /** Notes what a pool of this app can need, and tells it in an output of the cluster's stack. */
  require(cluster: IConstruct, pool: PoolOfThisApp): void {
    this.names.set(pool.poolName, pool.node.path);
    this.quotas.push(...pool.requiredQuotas);
    if (cluster.node.tryFindChild('RequiredQuotas') !== undefined) return;
    new CfnOutput(cluster, 'RequiredQuotas', {
      description: 'EC2 quotas that the node pools can need, at most: see Service Quotas before pods wait for nodes',
      value: Lazy.string({ produce: () => describeQuotas(this.requiredQuotas) }),
    });
  }
}
