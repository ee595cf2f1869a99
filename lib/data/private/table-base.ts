import { Construct } from 'constructs';
import { snapshotOf, stateAsOf, tagOf } from './table-reference';
import type { IIcebergTable, IIcebergTableGrants, IS3TableCatalog, ITableReference, ITableTag } from '../interfaces';

/**
 * What tables of every catalog have in common.
 *
 * @internal
 */
export abstract class TableBase extends Construct implements IIcebergTable {
  abstract readonly tableName: string;
  abstract readonly databaseName: string;
  abstract readonly tableArn: string;
  abstract readonly location: string;
  readonly s3TableCatalog?: IS3TableCatalog;
  abstract readonly grants: IIcebergTableGrants;

  tag(name: string): ITableTag {
    return tagOf(this, name);
  }

  snapshot(id: string): ITableReference {
    return snapshotOf(this, id);
  }

  asOf(moment: Date): ITableReference {
    return stateAsOf(this, moment);
  }
}
