import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { IDataLake } from '../../data/interfaces';
import type { IMlNetwork } from '../../network/interfaces';
import type { FeatureAccess } from '../blueprint/access';
import type { YamlMap } from '../blueprint/feature-store-yaml';
import type { FeatureViewBlueprint } from '../blueprint/feature-view';

/** What every backend has to know of its store. */
export interface BackendContext {
  readonly network: IMlNetwork;
  readonly projectName: string;
  readonly lake?: IDataLake;
  readonly destroy: boolean;
  readonly removalPolicy: RemovalPolicy;
  readonly alarmActions: cloudwatch.IAlarmAction[];
}

/** Where Feast keeps what it knows of views. */
export interface RegistryBackend {
  readonly host: string;
  readonly port: string;
  /** The same as a number that is known at synthesis, or that the user gave. */
  readonly portNumber: number;
  readonly databaseName: string;
  /** With the fields `username` and `password`. */
  readonly secret: secretsmanager.ISecret;
  /** The same for those who only read; absent: as `secret`. */
  readonly readerSecret?: secretsmanager.ISecret;
  readonly connections?: ec2.Connections;
  readonly instance?: rds.DatabaseInstance;
  readonly alarms: cloudwatch.Alarm[];
}

/** Where history is. */
export interface OfflineBackend {
  readonly yaml: YamlMap;
  /** True if apply looks at columns by reading the tables themselves. */
  readonly appliesByReading?: boolean;
  /** Rights on what is not the tables themselves. */
  grant(access: FeatureAccess, grantee: iam.IGrantable, tableNames: string[]): iam.Grant[];
}

/** A secret as environment variables: name to field. */
export interface SecretVariables {
  readonly secret: secretsmanager.ISecret;
  readonly fields: { readonly [variable: string]: string };
}

/** Where serving looks. */
export interface OnlineBackend {
  readonly yaml: YamlMap;
  readonly environment: { readonly [name: string]: string };
  /** Port of a database or cache; absent: HTTPS. */
  readonly portNumber?: number;
  readonly connections?: ec2.Connections;
  readonly alarms: cloudwatch.Alarm[];
  /** Credentials of those who write, or only read. */
  credentials(access: FeatureAccess): SecretVariables | undefined;
  /** Makes what a view needs, in its scope, if it needs anything of its own. */
  addView(scope: Construct, view: FeatureViewBlueprint): dynamodb.Table | undefined;
  /** Rights on a view's values, or on those of all with `*`. */
  grant(access: FeatureAccess, grantee: iam.IGrantable, viewName: string): iam.Grant[];
}
