import { checkInteger, checkLiteral } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** MLflow's metrics, decided. */
export interface RegistryMetricsBlueprint {
  /** Port of the tasks that tells them, without a login. */
  readonly port: number;
  /** Private zone of the tasks' addresses, of their own: one for the server's own name would hide that name. */
  readonly zoneName: string;
  /** The record in that zone. */
  readonly recordName: string;
  /** For how long a client may keep the addresses, in seconds. */
  readonly recordSeconds: number;
}

/** The server itself listens here. */
export const SERVER_PORT = 5000;
const DEFAULT_PORT = 9464;

/** Decides where metrics are told. Ordinary users cannot listen below 1024. */
export function registryMetrics(faults: Faults, port: number | undefined, host: string): RegistryMetricsBlueprint {
  checkLiteral(faults, 'metrics.port', port);
  checkInteger(faults, 'metrics.port', port, { min: 1024, max: 65_535 });
  faults.check(port !== SERVER_PORT, 'metrics-port-taken', `metrics.port ${SERVER_PORT} is the server's own; use another one, for example ${DEFAULT_PORT}`);
  return { port: port ?? DEFAULT_PORT, zoneName: `metrics.${host}`, recordName: 'tasks', recordSeconds: 15 };
}
