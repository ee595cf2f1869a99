export * from './interfaces';
export * from './data-lake';
export * from './iceberg-table';
export * from './blueprint/column';
export * from './blueprint/iceberg-type';
export * from './blueprint/partition';
export * from './blueprint/sort';
export * from './blueprint/zone';
