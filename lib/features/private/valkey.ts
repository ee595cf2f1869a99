import { Names, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elasticache from 'aws-cdk-lib/aws-elasticache';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { BackendContext, OnlineBackend, SecretVariables } from './backends';
import { FeatureAccess } from '../blueprint/access';
import type { YamlMap } from '../blueprint/feature-store-yaml';
import type { ValkeyBlueprint, ValkeyUser } from '../blueprint/valkey';

const ENGINE = 'valkey';

interface Login {
  readonly secret: secretsmanager.Secret;
  readonly user: elasticache.CfnUser;
}

/** ElastiCache Serverless, with a user who writes and one who only reads. */
export class ValkeyBackend implements OnlineBackend {
  readonly yaml: YamlMap;
  readonly environment: { readonly [name: string]: string };
  readonly portNumber: number;
  readonly connections: ec2.Connections;
  readonly alarms = [];
  private readonly writer: Login;
  private readonly reader: Login;

  constructor(scope: Construct, private readonly context: BackendContext, plan: ValkeyBlueprint, key: kms.IKey | undefined) {
    this.portNumber = plan.port;
    const home = new Construct(scope, 'Online');
    const securityGroup = new ec2.SecurityGroup(home, 'SecurityGroup', {
      vpc: context.network.vpc, allowAllOutbound: false, description: 'Online store of the feature store',
    });
    this.connections = new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(plan.port) });
    this.writer = this.makeLogin(home, plan.writer);
    this.reader = this.makeLogin(home, plan.reader);
    const cache = this.makeCache(home, plan, securityGroup, key);
    // what the cache refers to stays with it: a group that is in use cannot go
    for (const part of [securityGroup, cache, this.writer.user, this.reader.user]) part.applyRemovalPolicy(context.removalPolicy);
    this.environment = { FEAST_ONLINE_CONNECTION: `${cache.attrEndpointAddress}:${cache.attrEndpointPort},ssl=true` };
    this.yaml = {
      type: 'redis',
      // a serverless cache answers as a cluster
      redis_type: 'redis_cluster',
      connection_string: '$FEAST_ONLINE_CONNECTION,username=$FEAST_ONLINE_USER,password=$FEAST_ONLINE_PASSWORD',
      ...plan.keyTtlSeconds === undefined ? {} : { key_ttl_seconds: plan.keyTtlSeconds },
    };
  }

  credentials(access: FeatureAccess): SecretVariables {
    const { secret } = access === FeatureAccess.READ_ONLINE ? this.reader : this.writer;
    return { secret, fields: { FEAST_ONLINE_USER: 'username', FEAST_ONLINE_PASSWORD: 'password' } };
  }

  addView(): undefined {
    return undefined;
  }

  grant(): [] {
    return [];
  }

  /** Feast takes the connection apart at commas and reads its values as JSON: a password is letters and digits, both of them. */
  private makeLogin(home: Construct, plan: ValkeyUser): Login {
    const secret = new secretsmanager.Secret(home, `${plan.id}Secret`, {
      description: `Login ${plan.name} of ${home.node.path}`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: plan.name }), generateStringKey: 'password',
        passwordLength: 64, excludePunctuation: true, requireEachIncludedType: true,
      },
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4', reason: 'tasks read the password when they start: a rotation would cut them off until they are started again',
    });
    const user = new elasticache.CfnUser(home, plan.id, {
      engine: ENGINE,
      userId: physicalName(home, plan.id),
      userName: plan.name,
      accessString: plan.accessString,
      passwords: [secret.secretValueFromJson('password').unsafeUnwrap()],
    });
    return { secret, user };
  }

  private makeCache(home: Construct, plan: ValkeyBlueprint, securityGroup: ec2.SecurityGroup, key: kms.IKey | undefined): elasticache.CfnServerlessCache {
    const group = new elasticache.CfnUserGroup(home, 'Users', {
      engine: ENGINE, userGroupId: physicalName(home, 'users'), userIds: [this.writer.user.ref, this.reader.user.ref],
    });
    group.applyRemovalPolicy(this.context.removalPolicy);
    return new elasticache.CfnServerlessCache(home, 'Resource', {
      serverlessCacheName: physicalName(home, 'cache'),
      description: `Values of ${home.node.path}`,
      engine: ENGINE,
      majorEngineVersion: plan.engineVersion,
      cacheUsageLimits: { dataStorage: { maximum: plan.maxStorageGb, unit: 'GB' }, ecpuPerSecond: { maximum: plan.maxUnitsPerSecond } },
      kmsKeyId: key?.keyArn,
      securityGroupIds: [securityGroup.securityGroupId],
      snapshotRetentionLimit: plan.snapshotDays,
      subnetIds: this.context.network.vpc.selectSubnets(this.context.network.privateSubnets).subnetIds,
      userGroupId: group.ref,
    });
  }
}

/** ElastiCache wants names, of at most 40 lower-case letters, digits and hyphens, that start with a letter. */
function physicalName(home: Construct, suffix: string): string {
  const name = Names.uniqueResourceName(home, { maxLength: 32, separator: '-' }).toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return `${name}-${suffix.toLowerCase()}`.replace(/^[^a-z]+/, '');
}
