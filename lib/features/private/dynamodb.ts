import { Stack, Validations } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { BackendContext, OnlineBackend } from './backends';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { dynamoDbActions, FeatureAccess, keyActions } from '../blueprint/access';
import { REGION, type YamlMap } from '../blueprint/feature-store-yaml';
import { onlineTableName, TABLE_NAME_TEMPLATE, type FeatureViewBlueprint } from '../blueprint/feature-view';
import type { DynamoDbOnlineStoreOptions } from '../online-store';

/** One table for each view, of the shape that Feast would make itself. */
export class DynamoDbBackend implements OnlineBackend {
  readonly yaml: YamlMap;
  readonly environment = {};
  readonly alarms = [];

  constructor(private readonly scope: Construct, private readonly context: BackendContext, private readonly options: DynamoDbOnlineStoreOptions) {
    this.yaml = {
      type: 'dynamodb', region: REGION, table_name_template: TABLE_NAME_TEMPLATE, consistent_reads: options.consistentReads ?? false,
    };
  }

  credentials(): undefined {
    return undefined;
  }

  addView(scope: Construct, view: FeatureViewBlueprint): dynamodb.Table | undefined {
    if (!view.online) return undefined;
    const { encryptionKey, pointInTimeRecovery = true } = this.options;
    const table = new dynamodb.Table(scope, 'Table', {
      tableName: onlineTableName(this.context.projectName, view.name),
      partitionKey: { name: 'entity_id', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      encryption: encryptionKey ? dynamodb.TableEncryption.CUSTOMER_MANAGED : undefined,
      encryptionKey,
      removalPolicy: this.context.removalPolicy,
    });
    if (!pointInTimeRecovery) {
      Validations.of(table).acknowledge({ id: 'AwsSolutions-DDB3', reason: 'the owner turned it off: values are made again from history by materializing them' });
    }
    return table;
  }

  /** By name and not by reference: hundreds of tables would be hundreds of exports where the reader stands in another stack. */
  grant(access: FeatureAccess, grantee: iam.IGrantable, viewName: string): iam.Grant[] {
    const actions = dynamoDbActions(access);
    if (actions.length === 0) return [];
    const resourceArns = [Stack.of(this.scope).formatArn({
      service: 'dynamodb', resource: 'table', resourceName: onlineTableName(this.context.projectName, viewName),
    })];
    acknowledgeWildcards(grantee.grantPrincipal, resourceArns, 'an apply looks whether the tables of its project are there; the right ends at the project');
    const grants = [iam.Grant.addToPrincipal({ grantee, actions, resourceArns })];
    const key = this.options.encryptionKey;
    if (key && access !== FeatureAccess.APPLY) grants.push(key.grant(grantee, ...keyActions(access)));
    return grants;
  }
}
