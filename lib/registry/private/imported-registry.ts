import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { clientEnvironmentOf } from './client-environment';
import { fail, Faults } from '../../core/private/faults';
import { checkArtifactPrefix, checkTrackingUri } from '../blueprint/names';
import type { IModelRegistry, IRegisteredModel, MlflowClientEnvironment, ModelRegistryAttributes } from '../interfaces';
import { ModelGrants } from '../model-grants';
import { RegisteredModel } from '../registered-model';

/** A registry that exists, as a construct that creates nothing. */
export function importRegistry(scope: Construct, id: string, attributes: ModelRegistryAttributes): IModelRegistry {
  const faults = Faults.of(scope, id);
  checkTrackingUri(faults, attributes.trackingUri);
  checkArtifactPrefix(faults, attributes.artifactPrefix ?? DEFAULT_PREFIX);
  faults.throwIfAny();
  return new ImportedModelRegistry(scope, id, attributes);
}

const DEFAULT_PREFIX = 'mlflow';

class ImportedModelRegistry extends Construct implements IModelRegistry {
  readonly trackingUri: string;
  readonly artifactPrefix: string;
  readonly machineLogin?: secretsmanager.ISecret;
  readonly grants: ModelGrants;

  constructor(scope: Construct, id: string, private readonly attributes: ModelRegistryAttributes) {
    super(scope, id);
    this.trackingUri = attributes.trackingUri;
    this.artifactPrefix = attributes.artifactPrefix ?? DEFAULT_PREFIX;
    this.machineLogin = attributes.machineLogin;
    this.grants = new ModelGrants(this);
  }

  get artifactBucket(): s3.IBucket {
    return this.attributes.artifactBucket ?? this.unknown('artifactBucket');
  }

  get releaseTable(): dynamodb.ITable {
    return this.attributes.releaseTable ?? this.unknown('releaseTable');
  }

  /** DynamoDB finds a table of another account by its ARN only. */
  get releaseTableName(): string {
    const { tableArn, tableName } = this.releaseTable;
    const { account = '' } = Stack.of(this).splitArn(tableArn, ArnFormat.SLASH_RESOURCE_NAME);
    return Token.isUnresolved(account) || account === Stack.of(this).account ? tableName : tableArn;
  }

  clientEnvironment(): MlflowClientEnvironment {
    return clientEnvironmentOf(this.trackingUri, this.machineLogin);
  }

  model(name: string): IRegisteredModel {
    return new RegisteredModel(this, name);
  }

  private unknown(property: string): never {
    return fail(this.node.path, `unknown-${property === 'artifactBucket' ? 'artifact-bucket' : 'release-table'}`,
      `${property} of an imported registry is needed here and was not given; give it to ModelRegistry.fromModelRegistryAttributes`);
  }
}
