import * as iam from 'aws-cdk-lib/aws-iam';
import type { AccessStatement } from '../blueprint/access';
import { readS3TableAccess, writeS3TableAccess } from '../blueprint/s3-tables';
import { IIcebergTableGrants, IS3TableCatalog } from '../interfaces';

/** A table of S3 Tables, what its catalog answers about it, and the bucket's key if it has one. */
export class S3TableGrants implements IIcebergTableGrants {
  constructor(private readonly catalog: IS3TableCatalog, private readonly tableArn: string) {}

  read(grantee: iam.IGrantable): iam.Grant {
    return this.give(grantee, readS3TableAccess(this.arns()), ['kms:Decrypt']);
  }

  write(grantee: iam.IGrantable): iam.Grant {
    return this.give(grantee, [...readS3TableAccess(this.arns()), ...writeS3TableAccess(this.arns())], ['kms:Decrypt', 'kms:GenerateDataKey']);
  }

  private arns() {
    return { tableBucket: this.catalog.tableBucketArn, table: this.tableArn };
  }

  private give(grantee: iam.IGrantable, statements: AccessStatement[], keyActions: string[]): iam.Grant {
    const grant = statements
      .map(({ actions, resources }) => iam.Grant.addToPrincipal({ grantee, actions, resourceArns: resources }))
      .reduce((all, one) => all.combine(one));
    const key = this.catalog.encryptionKey;
    return key ? grant.combine(key.grant(grantee, ...keyActions)) : grant;
  }
}
