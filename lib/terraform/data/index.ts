export * from './data-lake';
export * from './iceberg-table';
export * from './interfaces';
export { Column, type ColumnOptions } from '../../data/blueprint/column';
export type { IcebergTableDefinition } from '../../data/blueprint/iceberg-table-definition';
export { IcebergType } from '../../data/blueprint/iceberg-type';
export { Partition } from '../../data/blueprint/partition';
export { NullOrder, Sort } from '../../data/blueprint/sort';
export { Zone } from '../../data/blueprint/zone';
