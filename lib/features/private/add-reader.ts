import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { InternalService } from '../../network/internal-service';
import type { IFeatureStore } from '../interfaces';

/** Rights, ports, environment and secrets of a process that looks features up. */
export function addReader(store: IFeatureStore, service: InternalService): void {
  store.grants.readOnline(service.taskRole);
  store.allowReadsFrom(service.service);
  for (const [name, value] of Object.entries(store.readEnvironment)) service.container.addEnvironment(name, value);
  for (const [name, secret] of Object.entries(store.readSecrets)) service.container.addSecret(name, secret);
}

/** Lets a reader in. The rules stand in the reader's stack, which knows the store: the other way round the two would wait for each other. */
export function openPorts(peer: ec2.IConnectable, stores: (ec2.Connections | undefined)[], projectName: string): void {
  for (const connections of new Set(stores)) {
    if (connections) peer.connections.allowToDefaultPort(connections, `features of ${projectName}`);
  }
}
