import type { IS3TableCatalog } from '../interfaces';

/** What tells the runtime in which catalog a table is: Glue's unless it is told. */
export function catalogEnvironment(catalog: IS3TableCatalog | undefined): { [name: string]: string } {
  return catalog ? { ML_CATALOG: 's3tables', ML_WAREHOUSE: catalog.tableBucketArn } : {};
}
