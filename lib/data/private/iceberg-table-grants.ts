import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { give } from './give';
import { readAccess, TableArns, writeAccess } from '../blueprint/access';
import { IIcebergTableGrants } from '../interfaces';

/** A table's catalog entry, its prefix in the bucket, and the bucket's key if it has one. */
export class IcebergTableGrants implements IIcebergTableGrants {
  constructor(private readonly arns: TableArns, private readonly bucket: s3.IBucket) {}

  read(grantee: iam.IGrantable): iam.Grant {
    return give(grantee, readAccess(this.arns), this.bucket, false);
  }

  write(grantee: iam.IGrantable): iam.Grant {
    return give(grantee, [...readAccess(this.arns), ...writeAccess(this.arns)], this.bucket, true);
  }
}
