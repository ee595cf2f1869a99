import { Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { addReader, openPorts } from './add-reader';
import { checkText } from '../../core/private/checks';
import { fail, Faults } from '../../core/private/faults';
import type { InternalService } from '../../network/internal-service';
import { dynamoDbActions, FeatureAccess } from '../blueprint/access';
import { onlineTableName, PROJECT_NAME } from '../blueprint/feature-view';
import type { FeatureStoreAttributes, IFeatureStore, IFeatureStoreGrants } from '../interfaces';

/** A store that exists, as a construct that creates nothing. */
export function importStore(scope: Construct, id: string, attributes: FeatureStoreAttributes): IFeatureStore {
  const faults = Faults.of(scope, id);
  checkText(faults, 'projectName', attributes.projectName, PROJECT_NAME);
  faults.throwIfAny();
  return new ImportedFeatureStore(scope, id, attributes);
}

class ImportedFeatureStore extends Construct implements IFeatureStore {
  readonly projectName: string;
  readonly readEnvironment: { readonly [name: string]: string };
  readonly readSecrets: { readonly [name: string]: ecs.Secret };
  readonly grants: IFeatureStoreGrants;

  constructor(scope: Construct, id: string, private readonly attributes: FeatureStoreAttributes) {
    super(scope, id);
    this.projectName = attributes.projectName;
    this.readEnvironment = { ...attributes.environment, FEAST_STORE_YAML: attributes.storeYaml };
    this.readSecrets = { ...attributes.secrets };
    this.grants = {
      readOnline: (grantee) => this.grant(FeatureAccess.READ_ONLINE, grantee),
      writeOnline: (grantee) => this.grant(FeatureAccess.WRITE_ONLINE, grantee),
      readOffline: () => this.refuse('readOffline'),
      materialize: () => this.refuse('materialize'),
      apply: () => this.refuse('apply'),
    };
  }

  allowReadsFrom(peer: ec2.IConnectable): void {
    openPorts(peer, (this.attributes.connections ?? []).map(({ connections }) => connections), this.projectName);
  }

  addReader(service: InternalService): void {
    addReader(this, service);
  }

  private grant(access: FeatureAccess, grantee: iam.IGrantable): iam.Grant {
    const resourceArns = (this.attributes.viewNames ?? []).map((view) => Stack.of(this).formatArn({
      service: 'dynamodb', resource: 'table', resourceName: onlineTableName(this.projectName, view),
    }));
    const secrets = Object.values(this.readSecrets).map((secret) => secret.grantRead(grantee));
    const tables = resourceArns.length === 0 ? [] : [iam.Grant.addToPrincipal({ grantee, actions: dynamoDbActions(access), resourceArns })];
    return [...tables, ...secrets].reduce((all, one) => all.combine(one), iam.Grant.drop(grantee, 'a store that exists'));
  }

  private refuse(right: string): never {
    return fail(this.node.path, 'store-not-ours',
      `grants.${right} of a store that exists is not known here; give that right where the store is made, or by a policy of yours`);
  }
}
