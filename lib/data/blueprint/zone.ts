/** Part of a lake: what it holds decides who writes it and how long it lives. Each zone is a bucket of its own. */
export enum Zone {
  /** Data as it arrived. */
  RAW = 'raw',
  /** Cleaned data: Iceberg tables. */
  PROCESSED = 'processed',
  /** Data sets, features and reports made for use. */
  CURATED = 'curated',
  /** Models and what belongs to them. */
  ARTIFACTS = 'artifacts',
}
