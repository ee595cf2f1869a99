export * from './interfaces';
export * from './data-lake';
export * from './iceberg-table';
export { Column, ColumnOptions } from './blueprint/column';
export { IcebergType } from './blueprint/iceberg-type';
export { Partition } from './blueprint/partition';
export { NullOrder, Sort } from './blueprint/sort';
export { Zone } from './blueprint/zone';
