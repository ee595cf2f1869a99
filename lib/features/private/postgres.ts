import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { RegistryBackend } from './backends';
import type { PostgresPlan } from '../../network/blueprint/postgres-plan';
import { type DatabaseWords, makePostgres } from '../../network/database-place';
import type { IMlNetwork } from '../../network/interfaces';

const WORDS: DatabaseWords = {
  ids: { database: 'Registry', secret: 'RegistrySecret', securityGroup: 'RegistrySecurityGroup' },
  description: 'Registry of the feature store',
  reasons: {
    password: 'Feast logs in by a password in the address; it makes no IAM database tokens',
    port: 'nothing outside the VPC reaches the port, and only jobs and readers that were named are let in',
    rotation: 'feature servers read the password when they start: a rotation would cut them off until they are started again',
    standby: 'readers keep a copy of the registry in memory: a standby is offered by multiAz, at twice the cost',
  },
};

/** Makes the instance that the blueprint describes, as child `Registry` of the store. */
export function createRegistryDatabase(scope: Construct, network: IMlNetwork, plan: PostgresPlan, actions: cloudwatch.IAlarmAction[]): RegistryBackend {
  return { ...makePostgres(scope, network, plan, WORDS, actions), portNumber: plan.port };
}
