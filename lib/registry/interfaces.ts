import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import type { ModelGrants } from './model-grants';

/** A registry of model versions, with the release records that say which of them are in production. */
export interface IModelRegistry extends IConstruct {
  /** Address of the MLflow server: the value of `MLFLOW_TRACKING_URI`. */
  readonly trackingUri: string;
  /** Bucket that holds the artifacts of model versions. */
  readonly artifactBucket: s3.IBucket;
  /** Prefix of the artifacts in the bucket, without slashes at its ends. */
  readonly artifactPrefix: string;
  /** Table of release records: what production believes. */
  readonly releaseTable: dynamodb.ITable;
  /** How the runtime names that table: its name, or its ARN where it stands in another account. */
  readonly releaseTableName: string;
  /**
   * Login of jobs and services, if MLflow asks for one: a JSON object with `username` and `password`.
   *
   * @default - MLflow asks for no password
   */
  readonly machineLogin?: secretsmanager.ISecret;
  /**
   * The managed MLflow, whose API asks for rights in IAM.
   *
   * @default - MLflow's API asks for no rights in IAM
   */
  readonly managedMlflow?: ManagedMlflow;
  /** Rights on every model. */
  readonly grants: ModelGrants;
  /** What a container needs so that MLflow's SDK finds the server and logs in. The password stays a reference to its secret. */
  clientEnvironment(): MlflowClientEnvironment;
  /**
   * A model by its name. Nothing is created: models and their versions are made by people and pipelines, not by deployments.
   *
   * @param name name of the registered model, for example `fraud`
   */
  model(name: string): IRegisteredModel;
}

/** A model of a registry. */
export interface IRegisteredModel {
  /** Name of the model. */
  readonly modelName: string;
  /** The registry that knows it. */
  readonly registry: IModelRegistry;
  /** Rights on this model alone. */
  readonly grants: ModelGrants;
  /**
   * The version that an alias names at run time.
   *
   * @param name name of the alias; `champion` is the one that production serves
   */
  alias(name: string): ModelReference;
}

/** A version of a model, named by an alias and found at run time. */
export interface ModelReference {
  /** Name of the model. */
  readonly modelName: string;
  /** Name of the alias; `champion` follows the release record. */
  readonly alias: string;
  /** The registry that knows the model. */
  readonly registry: IModelRegistry;
}

/** An MLflow that SageMaker runs. */
export interface ManagedMlflow {
  /** ARN of the MLflow App or of the tracking server; it is the tracking URI too. */
  readonly arn: string;
  /** True for an MLflow App, whose API knows one right for everything; false for a tracking server, whose API knows one for each call. */
  readonly app: boolean;
}

/** Environment of a container that talks to MLflow. */
export interface MlflowClientEnvironment {
  /** Plain variables: `MLFLOW_TRACKING_URI` and others. */
  readonly variables: { readonly [name: string]: string };
  /** Variables from Secrets Manager: `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, if MLflow asks for them. */
  readonly secrets: { readonly [name: string]: ecs.Secret };
}

/** A registry that exists. */
export interface ModelRegistryAttributes {
  /** Address of the MLflow server, for example `https://mlflow.example.com`. */
  readonly trackingUri: string;
  /**
   * Bucket that holds the artifacts of model versions.
   *
   * @default - unknown: models cannot be served or registered directly on S3
   */
  readonly artifactBucket?: s3.IBucket;
  /**
   * Prefix of the artifacts in the bucket, without slashes at its ends.
   *
   * @default 'mlflow'
   */
  readonly artifactPrefix?: string;
  /**
   * Table of release records: `new ReleaseRecord(...).table`, or a table of that shape.
   *
   * @default - unknown: models cannot be served or promoted
   */
  readonly releaseTable?: dynamodb.ITable;
  /**
   * Login of jobs and services: a JSON object with `username` and `password`.
   *
   * @default - MLflow asks for no password
   */
  readonly machineLogin?: secretsmanager.ISecret;
}
