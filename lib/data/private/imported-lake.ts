import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DataLakeGrants } from './data-lake-grants';
import { show } from '../../core/private/checks';
import { fail } from '../../core/private/faults';
import { Zone } from '../blueprint/zone';
import { IDataLake, IDataLakeGrants } from '../interfaces';

/** A lake made of buckets that exist. */
export class ImportedLake extends Construct implements IDataLake {
  readonly grants: IDataLakeGrants;

  constructor(
    scope: Construct, id: string, private readonly buckets: ReadonlyMap<Zone, s3.IBucket>, readonly databaseName: string, readonly lakeFormation = false,
  ) {
    super(scope, id);
    this.grants = new DataLakeGrants(this);
  }

  bucket(zone: Zone): s3.IBucket {
    return this.buckets.get(zone) ?? fail(this.node.path, 'unknown-zone',
      `zone ${show(zone)} has no bucket in this imported lake, which has ${[...this.buckets.keys()].join(', ') || 'none'}; name one in DataLake.fromBuckets`);
  }
}
