import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { InternalService } from '../network/internal-service';

/** Who may do what with features. Rights in IAM; whoever talks to a database or a cache needs the way to it too. */
export interface IFeatureStoreGrants {
  /** Look up values of entities and read the definitions: model servers, feature servers. */
  readOnline(grantee: iam.IGrantable): iam.Grant;
  /** Write values of entities as they come: what pushes a stream. */
  writeOnline(grantee: iam.IGrantable): iam.Grant;
  /** Read history and the definitions: training. */
  readOffline(grantee: iam.IGrantable): iam.Grant;
  /** Read history and write the newest of it where serving looks. Never a right to make or delete tables of the stack. */
  materialize(grantee: iam.IGrantable): iam.Grant;
  /** Register Python definitions. It may look whether tables are there, and neither make nor delete one. */
  apply(grantee: iam.IGrantable): iam.Grant;
}

/**
 * A feature store, as those who look features up see it.
 *
 * The seam for stores of others: a class of yours that says how a process reaches Tecton or Vertex AI Feature Store (environment, secrets,
 * rights, ports) is taken wherever this interface is.
 */
export interface IFeatureStore extends IConstruct {
  /** Name of the project in Feast. */
  readonly projectName: string;
  /** Environment of a process that looks features up. */
  readonly readEnvironment: { readonly [name: string]: string };
  /** Secret part of that environment. */
  readonly readSecrets: { readonly [name: string]: ecs.Secret };
  /** Who may do what. */
  readonly grants: IFeatureStoreGrants;
  /**
   * Opens the ports that a reader needs.
   *
   * @param peer for example a service or a function in the VPC
   */
  allowReadsFrom(peer: ec2.IConnectable): void;
  /**
   * Lets a service look features up inside its own process: rights, ports, environment and secrets.
   *
   * @param service for example `fraud.service` of a model service
   */
  addReader(service: InternalService): void;
}

/** A feature store that exists. */
export interface FeatureStoreAttributes {
  /** Name of the project in Feast. */
  readonly projectName: string;
  /** Text of its `feature_store.yaml`; `$NAME` is taken from the environment when it is read. */
  readonly storeYaml: string;
  /**
   * Views whose tables in DynamoDB are read or written; their tables are named `<project>.<view>`.
   *
   * @default - none: the online store is no DynamoDB
   */
  readonly viewNames?: string[];
  /**
   * Further environment of readers.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };
  /**
   * Secret part of that environment.
   *
   * @default - none
   */
  readonly secrets?: { readonly [name: string]: ecs.Secret };
  /**
   * What has to let readers in, each on its default port.
   *
   * @default - readers are let in by somebody else
   */
  readonly connections?: ec2.IConnectable[];
}
