import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { AccessStatement } from '../blueprint/access';

/** Adds statements to the grantee's own policy, and the right to use the bucket's key if it has one. */
export function give(grantee: iam.IGrantable, statements: AccessStatement[], bucket: s3.IBucket, writes: boolean): iam.Grant {
  const grant = statements
    .map(({ actions, resources, conditions }) => iam.Grant.addToPrincipal({ grantee, actions, resourceArns: resources, conditions }))
    .reduce((all, one) => all.combine(one));
  acknowledgeWildcards(grantee.grantPrincipal, statements.flatMap(({ resources }) => resources), 'Objects have no ARN before they are written: the bucket and its prefix are the limit');
  const key = bucket.encryptionKey;
  if (!key) return grant;
  // what S3 asks for in the name of who puts an object; aws-cdk-lib's grantEncryptDecrypt gives more
  return grant.combine(writes ? key.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey') : key.grantDecrypt(grantee));
}
