import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { BackendContext, OnlineBackend, RegistryBackend, SecretVariables } from './backends';
import { databaseConnections } from './databases';
import { FeatureAccess } from '../blueprint/access';
import type { YamlMap } from '../blueprint/feature-store-yaml';
import type { PostgresOnlineStoreOptions } from '../online-store';

/** Tables that Feast makes by itself in a database of the user, or in the registry's. */
export class PostgresBackend implements OnlineBackend {
  readonly yaml: YamlMap;
  readonly environment: { readonly [name: string]: string };
  readonly portNumber: number;
  readonly connections?: ec2.Connections;
  readonly alarms = [];
  private readonly database: Omit<RegistryBackend, 'alarms'>;

  constructor(_context: BackendContext, { database, schema = 'online' }: PostgresOnlineStoreOptions, registry: RegistryBackend) {
    this.database = database
      ? { ...database, port: String(database.port ?? 5432), portNumber: database.port ?? 5432, databaseName: database.databaseName ?? 'feast', connections: databaseConnections(database) }
      : registry;
    this.portNumber = this.database.portNumber;
    this.connections = this.database.connections;
    this.environment = {
      FEAST_ONLINE_HOST: this.database.host, FEAST_ONLINE_PORT: this.database.port, FEAST_ONLINE_DATABASE: this.database.databaseName,
    };
    this.yaml = {
      type: 'postgres', host: '$FEAST_ONLINE_HOST', port: '$FEAST_ONLINE_PORT', database: '$FEAST_ONLINE_DATABASE', db_schema: schema,
      user: '$FEAST_ONLINE_USER', password: '$FEAST_ONLINE_PASSWORD', sslmode: 'require',
    };
  }

  credentials(access: FeatureAccess): SecretVariables {
    const { secret, readerSecret } = this.database;
    return {
      secret: access === FeatureAccess.READ_ONLINE ? readerSecret ?? secret : secret,
      fields: { FEAST_ONLINE_USER: 'username', FEAST_ONLINE_PASSWORD: 'password' },
    };
  }

  addView(): undefined {
    return undefined;
  }

  grant(): [] {
    return [];
  }
}
