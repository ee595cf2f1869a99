import { Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { dvcConfig, dvcRemote, readDvcAccess, writeDvcAccess } from './blueprint/dvc-remote';
import { Zone } from './blueprint/zone';
import type { IDataLake } from './interfaces';
import { give } from './private/give';
import { Faults } from '../core/private/faults';

/** Properties of a DVC remote. */
export interface DvcRemoteProps {
  /** Lake whose bucket holds the files. */
  readonly lake: IDataLake;

  /**
   * Name of the remote in `.dvc/config`.
   *
   * @default - the id with hyphens: `FraudTeam` gives `fraud-team`
   */
  readonly remoteName?: string;

  /**
   * Zone whose bucket holds the files.
   *
   * @default Zone.ARTIFACTS
   */
  readonly zone?: Zone;

  /**
   * Prefix in the bucket, where rights end. Give each team its own.
   *
   * @default - `dvc/<remoteName>`
   */
  readonly prefix?: string;
}

/**
 * A place for the files that a team versions with DVC: a prefix of a lake's bucket, rights that end there, and the configuration to
 * commit. Creates nothing.
 *
 * Fails with `invalid-remote-name`, `invalid-prefix` or `unknown-zone`.
 *
 * @see https://dvc.org/doc/user-guide/data-management/remote-storage
 */
export class DvcRemote extends Construct {
  /** Name of the remote. */
  readonly remoteName: string;
  /** `s3://bucket/prefix`. */
  readonly url: string;
  /** Text of the file `.dvc/config` of the team's repository. It holds no secret. */
  readonly config: string;
  /** Who may pull and push. */
  readonly grants: DvcRemoteGrants;

  constructor(scope: Construct, id: string, props: DvcRemoteProps) {
    const faults = Faults.of(scope, id);
    const remoteName = props.remoteName ?? id.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
    const plan = dvcRemote(faults, { remoteName, prefix: props.prefix });
    const zone = props.zone ?? Zone.ARTIFACTS;
    faults.collect(() => props.lake.bucket(zone));
    faults.throwIfAny();
    super(scope, id);
    const bucket = props.lake.bucket(zone);
    this.remoteName = plan.remoteName;
    this.url = `s3://${bucket.bucketName}/${plan.prefix}`;
    this.config = dvcConfig(plan, bucket.bucketName, Stack.of(bucket).region);
    this.grants = new DvcRemoteGrants(bucket, plan.prefix);
  }
}

/** Who may do what with a DVC remote. */
export class DvcRemoteGrants {
  /** @internal */
  constructor(private readonly bucket: s3.IBucket, private readonly prefix: string) {}

  /** Lets the grantee pull: read and list the files below the prefix. */
  read(grantee: iam.IGrantable): iam.Grant {
    return give(grantee, readDvcAccess(this.bucket.bucketArn, this.prefix), this.bucket, false);
  }

  /** Lets the grantee pull, push and collect garbage. */
  write(grantee: iam.IGrantable): iam.Grant {
    const { bucketArn } = this.bucket;
    return give(grantee, [...readDvcAccess(bucketArn, this.prefix), ...writeDvcAccess(bucketArn, this.prefix)], this.bucket, true);
  }
}
