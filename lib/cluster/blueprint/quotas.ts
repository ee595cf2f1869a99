/** An EC2 quota that pools can need, at most. A new account has 0 for most GPU instances: ask for it before you deploy. */
export interface RequiredQuota {
  /** Code of the quota in Service Quotas, for example `L-DB2E81BA`. */
  readonly code: string;
  /** Name of the quota, for example `Running On-Demand G and VT instances`. */
  readonly name: string;
  /** vCPUs that all instances together have when the pools are full and only their largest types are to be had. */
  readonly maxVcpus: number;
  /** vCPUs that all instances together have when the pools are full of the types with the fewest vCPUs for their GPUs. */
  readonly minVcpus: number;
}
