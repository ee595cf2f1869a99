import instances from './catalogue/instances.json';
import models from './catalogue/models.json';
import prices from './catalogue/prices.json';
import type { CatalogueModel } from './model-shape';

/** An instance type as EC2 describes it. */
export interface CatalogueInstance {
  readonly family: string;
  readonly kind: string;
  readonly accelerator: string;
  /** 0 where EC2 rents out a part of a card. */
  readonly count: number;
  readonly memoryMiB: number;
  readonly fraction?: number;
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly architecture: string;
  readonly localNvmeGB: number;
  readonly networkGbps: number;
  readonly efaCount: number;
  readonly nvlink: boolean;
}

/** On-demand prices of one region. */
export interface CataloguePrices {
  /** Day of the price table; undefined where its source has none. */
  readonly date?: string;
  readonly usdPerHour: Readonly<Record<string, number>>;
}

/** Instance types by name. */
export const INSTANCES = new Map(Object.entries<CatalogueInstance>(instances));

/** Prices by region. */
export const PRICES = new Map(Object.entries<CataloguePrices>(prices));

/** Models by Hugging Face id. */
export const MODELS = new Map(Object.entries<CatalogueModel>(models));

/** Ids by other names of the same weights' shape and context. */
export const MODEL_ALIASES = new Map([...MODELS].flatMap(([id, { aliases = [] }]) => aliases.map((alias) => [alias, id] as const)));
