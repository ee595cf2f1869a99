import type { IS3TableCatalog } from '../interfaces';

/** What tells the runtime in which catalog a table is; without a catalog of S3 Tables it is Glue's. */
export function catalogEnvironment(catalog: IS3TableCatalog | undefined): { [name: string]: string } {
  return catalog ? { ML_CATALOG: 's3tables', ML_WAREHOUSE: catalog.tableBucketArn } : { ML_CATALOG: 'glue' };
}
