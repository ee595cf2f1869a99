/** An entry of the reference data about instance types; prose is left out. */
export interface ReferenceInstance {
  readonly type: string;
  readonly family: string;
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly architecture: string;
  readonly accelerator: { readonly name: string; readonly count: number; readonly memoryMiB: number; readonly fraction?: number };
  readonly acceleratorKind: string;
  readonly networkGbps: number;
  readonly efaCount: number;
  readonly localNvmeGB: number;
  readonly nvlink: boolean | null;
  readonly onDemandUsdPerHour: Readonly<Record<string, number | null>>;
  readonly otherRegionsUsdPerHour: Readonly<Record<string, number>> | null;
}

export interface ReferenceInstanceSources {
  readonly _source: {
    readonly compiled: string;
    readonly priceDate: Readonly<Record<string, string>>;
    readonly sources: Readonly<Record<string, string>>;
  };
}

/** The catalogue's facts by instance type. */
export function instanceRows(instances: readonly ReferenceInstance[]): Record<string, object> {
  return Object.fromEntries(instances.map((it) => [it.type, {
    family: it.family,
    kind: it.acceleratorKind,
    accelerator: it.accelerator.name,
    count: it.accelerator.count,
    memoryMiB: it.accelerator.memoryMiB,
    ...(it.accelerator.fraction === undefined ? {} : { fraction: it.accelerator.fraction }),
    vcpus: it.vcpus,
    memoryGiB: it.memoryGiB,
    architecture: it.architecture,
    localNvmeGB: it.localNvmeGB,
    networkGbps: it.networkGbps,
    efaCount: it.efaCount,
    nvlink: it.nvlink === true,
  }]));
}

/** On-demand prices by region, each region with the day of its table where that is known. */
export function priceRows(instances: readonly ReferenceInstance[], dates: Readonly<Record<string, string>>): Record<string, object> {
  const regions = new Map<string, Record<string, number>>();
  for (const { type, onDemandUsdPerHour, otherRegionsUsdPerHour } of instances) {
    for (const [region, price] of Object.entries({ ...onDemandUsdPerHour, ...otherRegionsUsdPerHour })) {
      if (price !== null) regions.set(region, { ...regions.get(region), [type]: price });
    }
  }
  return Object.fromEntries([...regions].map(([region, usdPerHour]) => {
    const date = /^\d{4}-\d{2}-\d{2}/.exec(dates[region] ?? '')?.[0];
    return [region, { ...(date === undefined ? {} : { date }), usdPerHour }];
  }));
}
