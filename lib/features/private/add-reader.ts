import type { InternalService } from '../../network/internal-service';
import type { IFeatureStore } from '../interfaces';

/** Rights, ports, environment and secrets of a process that looks features up. */
export function addReader(store: IFeatureStore, service: InternalService): void {
  store.grants.readOnline(service.taskRole);
  store.allowReadsFrom(service.service);
  for (const [name, value] of Object.entries(store.readEnvironment)) service.container.addEnvironment(name, value);
  for (const [name, secret] of Object.entries(store.readSecrets)) service.container.addSecret(name, secret);
}
