import type * as iam from 'aws-cdk-lib/aws-iam';
import { give } from './give';
import { readZoneAccess, writeZoneAccess } from '../blueprint/access';
import { Zone } from '../blueprint/zone';
import { IDataLake, IDataLakeGrants } from '../interfaces';

/** Rights on whole zones. */
export class DataLakeGrants implements IDataLakeGrants {
  constructor(private readonly lake: IDataLake) {}

  read(grantee: iam.IGrantable, zone: Zone): iam.Grant {
    const bucket = this.lake.bucket(zone);
    return give(grantee, readZoneAccess(bucket.bucketArn), bucket, false);
  }

  write(grantee: iam.IGrantable, zone: Zone): iam.Grant {
    const bucket = this.lake.bucket(zone);
    return give(grantee, [...readZoneAccess(bucket.bucketArn), ...writeZoneAccess(bucket.bucketArn)], bucket, true);
  }
}
