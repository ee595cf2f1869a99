import type { RequiredQuota } from './quotas';

/** Instances that count towards one quota. */
export interface QuotaUse {
  readonly code: string;
  readonly name: string;
  /** What an instance brings: GPUs, against the pool's limit, and vCPUs, against the quota. */
  readonly choices: readonly { readonly gpus: number; readonly vcpus: number }[];
  readonly maxGpus: number;
}

/** The vCPUs that fewest and most instances have together. */
export function requiredQuota({ code, name, choices, maxGpus }: QuotaUse): RequiredQuota {
  // by number of GPUs: the most vCPUs with up to that many, the fewest with exactly that many
  const most = [0];
  const fewest = [0];
  let full = 0;
  for (let total = 1; total <= maxGpus; total++) {
    let max = most[total - 1] ?? 0;
    let min = Infinity;
    for (const { gpus, vcpus } of choices) {
      if (gpus > total) continue;
      max = Math.max(max, (most[total - gpus] ?? 0) + vcpus);
      min = Math.min(min, (fewest[total - gpus] ?? Infinity) + vcpus);
    }
    most.push(max);
    fewest.push(min);
    if (min < Infinity) full = total;
  }
  return { code, name, maxVcpus: most[maxGpus] ?? 0, minVcpus: fewest[full] ?? 0 };
}

/** What several pools need together: one entry for each quota, sorted by name. */
export function sumQuotas(quotas: readonly RequiredQuota[]): RequiredQuota[] {
  const sums = new Map<string, RequiredQuota>();
  for (const quota of quotas) {
    const sum = sums.get(quota.code);
    sums.set(quota.code, {
      ...quota, maxVcpus: quota.maxVcpus + (sum?.maxVcpus ?? 0), minVcpus: quota.minVcpus + (sum?.minVcpus ?? 0),
    });
  }
  return [...sums.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The quotas as one line for people. */
export function describeQuotas(quotas: readonly RequiredQuota[]): string {
  if (quotas.length === 0) return 'none';
  const range = ({ minVcpus, maxVcpus }: RequiredQuota) => (minVcpus === maxVcpus ? String(maxVcpus) : `${minVcpus} to ${maxVcpus}`);
  return quotas.map((quota) => `${quota.name} (${quota.code}): ${range(quota)} vCPUs`).join('; ');
}
