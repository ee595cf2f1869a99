import * as iam from 'aws-cdk-lib/aws-iam';

/** Lets a role read single files of the asset bucket. */
export function grantFiles(grantee: iam.IGrantable, arns: string[]): iam.Grant {
  return iam.Grant.addToPrincipal({ grantee, actions: ['s3:GetObject'], resourceArns: arns });
}
