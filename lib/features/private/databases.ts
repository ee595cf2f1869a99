import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { checkInteger } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import type { FeatureDatabaseAttributes } from '../feature-registry';

/** Every check of a database that exists. */
export function checkDatabase(path: string, attributes: FeatureDatabaseAttributes): void {
  const faults = Faults.at(path);
  checkInteger(faults, 'port', attributes.port, { min: 1, max: 65_535 });
  faults.throwIfAny();
}

/** Who may connect, on the database's port. */
export function databaseConnections({ connections, port = 5432 }: FeatureDatabaseAttributes): ec2.Connections | undefined {
  return connections && new ec2.Connections({ securityGroups: connections.connections.securityGroups, defaultPort: ec2.Port.tcp(port) });
}
