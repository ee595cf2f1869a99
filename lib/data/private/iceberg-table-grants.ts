import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { give } from './give';
import { grantLakeFormation, LakeFormationAccess } from './lake-formation';
import { readAccess, TableArns, writeAccess } from '../blueprint/access';
import { IIcebergTable, IIcebergTableGrants } from '../interfaces';

/** A table's catalog entry, its prefix in the bucket, and the bucket's key if it has one. */
export class IcebergTableGrants implements IIcebergTableGrants {
  /** @param governed the table, if Lake Formation has to allow what IAM allows */
  constructor(private readonly arns: TableArns, private readonly bucket: s3.IBucket, private readonly governed?: IIcebergTable) {}

  read(grantee: iam.IGrantable): iam.Grant {
    const grant = give(grantee, readAccess(this.arns), this.bucket, false);
    return this.governed ? grant.combine(grantLakeFormation(this.governed, grantee, [LakeFormationAccess.READ])) : grant;
  }

  write(grantee: iam.IGrantable): iam.Grant {
    const grant = give(grantee, [...readAccess(this.arns), ...writeAccess(this.arns)], this.bucket, true);
    if (!this.governed) return grant;
    return grant.combine(grantLakeFormation(this.governed, grantee, [LakeFormationAccess.READ, LakeFormationAccess.WRITE]));
  }
}
