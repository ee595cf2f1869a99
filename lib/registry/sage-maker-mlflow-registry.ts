import { Names, RemovalPolicy } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import { Access, accessStatements } from './blueprint/access';
import { managedMlflow, type ManagedMlflowBlueprint } from './blueprint/managed-mlflow';
import type { MlflowServerSize } from './blueprint/mlflow-server-size';
import { checkArtifactPrefix } from './blueprint/names';
import type { IModelRegistry, IRegisteredModel, ManagedMlflow, MlflowClientEnvironment } from './interfaces';
import { ModelGrants } from './model-grants';
import { createArtifactBucket } from './private/artifact-bucket';
import { clientEnvironmentOf } from './private/client-environment';
import { RegisteredModel } from './registered-model';
import { ReleaseRecord } from './release-record';
import { Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';
import { pinExports } from '../network/pin-exports';

/** Properties of `SageMakerMlflowRegistry`. */
export interface SageMakerMlflowRegistryProps {
  /**
   * Size of a tracking server, which is billed by the hour and has a right in IAM for each call.
   *
   * @default - no server of a size, but an MLflow App, whose one right covers every call
   */
  readonly size?: MlflowServerSize;
  /**
   * Name of the App or the server, the only one of its kind in account and region.
   *
   * @default - from the path of the construct
   */
  readonly serverName?: string;
  /**
   * Day and time of the weekly maintenance in UTC, for example `Tue:03:30`.
   *
   * @default - SageMaker chooses
   */
  readonly maintenanceWindow?: string;
  /**
   * Bucket for artifacts.
   *
   * @default - a new one: encrypted, versioned, private, retained
   */
  readonly artifactBucket?: s3.IBucket;
  /**
   * Prefix of the artifacts in the bucket. Rights on artifacts end there.
   *
   * @default 'mlflow'
   */
  readonly artifactPrefix?: string;
  /**
   * What becomes of MLflow, artifacts and release records when the stack goes. `RemovalPolicy.DESTROY` deletes them, and needs the
   * context `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * MLflow that SageMaker runs, with release records of our own: everything that takes a registry takes this one.
 *
 * Rights in IAM are the login: `grants.read` and `grants.register` hold the calls of MLflow's API too. Clients need the Python package
 * `sagemaker-mlflow` beside MLflow; images of this library do not have it, so promote with `--artifact-uri`.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow.html
 */
export class SageMakerMlflowRegistry extends Construct implements IModelRegistry {
  /** ARN of the App or the server, as `MLFLOW_TRACKING_URI` takes it. */
  readonly trackingUri: string;
  readonly artifactBucket: s3.IBucket;
  readonly artifactPrefix: string;
  readonly releaseTable: dynamodb.ITable;
  readonly managedMlflow?: ManagedMlflow;
  readonly grants: ModelGrants;
  /** What SageMaker may do with the artifacts. */
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: SageMakerMlflowRegistryProps = {}) {
    const faults = Faults.of(scope, id);
    checkRemovalPolicy(faults, props.removalPolicy);
    const destroy = destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    checkArtifactPrefix(faults, props.artifactPrefix ?? DEFAULT_PREFIX);
    const plan = managedMlflow(faults, { name: props.serverName, size: props.size, maintenanceWindow: props.maintenanceWindow });
    faults.throwIfAny();
    super(scope, id);

    const removalPolicy = destroy ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.artifactPrefix = props.artifactPrefix ?? DEFAULT_PREFIX;
    this.artifactBucket = props.artifactBucket ?? createArtifactBucket(this, removalPolicy);
    this.releaseTable = new ReleaseRecord(this, 'Releases', { removalPolicy }).table;
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com'), description: 'MLflow of SageMaker' });
    const artifacts = this.grantArtifacts();
    const server = this.makeServer(plan, props.serverName, removalPolicy);
    // it tries the bucket when it starts
    artifacts.applyBefore(server);
    this.trackingUri = 'attrTrackingServerArn' in server ? server.attrTrackingServerArn : server.attrArn;
    this.managedMlflow = { arn: this.trackingUri, app: plan.app };
    this.grants = new ModelGrants(this);
    pinExports(this, [this.trackingUri, this.releaseTable.tableArn, this.releaseTable.tableName]);
    if (!props.artifactBucket) pinExports(this, [this.artifactBucket.bucketArn, this.artifactBucket.bucketName]);
  }

  get releaseTableName(): string {
    return this.releaseTable.tableName;
  }

  clientEnvironment(): MlflowClientEnvironment {
    return clientEnvironmentOf(this.trackingUri);
  }

  model(name: string): IRegisteredModel {
    return new RegisteredModel(this, name);
  }

  private grantArtifacts(): iam.Grant {
    const { bucketArn, encryptionKey } = this.artifactBucket;
    const target = { releaseTableArn: '', artifactBucketArn: bucketArn, artifactPrefix: this.artifactPrefix };
    const grants = accessStatements(Access.REGISTER, target).map(({ actions, resources, conditions }) => {
      acknowledgeWildcards(this.role, resources, 'artifacts are many objects below one prefix; the right ends at that prefix');
      return iam.Grant.addToPrincipal({ grantee: this.role, actions, resourceArns: resources, conditions });
    });
    if (encryptionKey) grants.push(encryptionKey.grantEncryptDecrypt(this.role));
    return grants.reduce((all, one) => all.combine(one));
  }

  private makeServer(
    { app, size, maintenanceWindow }: ManagedMlflowBlueprint, name: string | undefined, removalPolicy: RemovalPolicy,
  ): sagemaker.CfnMlflowApp | sagemaker.CfnMlflowTrackingServer {
    const common = {
      artifactStoreUri: `s3://${this.artifactBucket.bucketName}/${this.artifactPrefix}`,
      roleArn: this.role.roleArn,
      weeklyMaintenanceWindowStart: maintenanceWindow,
    };
    const serverName = name ?? Names.uniqueResourceName(this, { maxLength: 128, separator: '-' });
    const server = app
      ? new sagemaker.CfnMlflowApp(this, 'Resource', { ...common, name: serverName })
      : new sagemaker.CfnMlflowTrackingServer(this, 'Resource', { ...common, trackingServerName: serverName, trackingServerSize: size });
    server.applyRemovalPolicy(removalPolicy);
    return server;
  }
}

const DEFAULT_PREFIX = 'mlflow';
