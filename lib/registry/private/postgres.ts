import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { REGISTRY_DATABASE } from './database-words';
import { makePostgres } from '../../network/database-place';
import type { IMlNetwork } from '../../network/interfaces';
import type { DatabaseBlueprint } from '../blueprint/database';
import type { RegistryDatabaseConfig } from '../registry-database';

/** Makes the instance that the blueprint describes, as child `Database` of the registry. */
export function createPostgres(scope: Construct, network: IMlNetwork, plan: DatabaseBlueprint, actions: cloudwatch.IAlarmAction[]): RegistryDatabaseConfig {
  return makePostgres(scope, network, plan, REGISTRY_DATABASE, actions);
}
