import type { IConstruct } from 'constructs';
import type { Faults } from '../../core/private/faults';

const NAMES = Symbol.for('cdk-ml-platform.GatewayNames');

/** A gateway's name is that of its namespace, which a cluster has once: refuses a second gateway of the name. */
export function claimGatewayName(faults: Faults, cluster: IConstruct, name: string): void {
  const holder = cluster as { [NAMES]?: Map<string, string> };
  const names = holder[NAMES] ??= new Map<string, string>();
  const other = names.get(name);
  if (!faults.check(other === undefined || other === faults.path, 'duplicate-gateway-name',
    `gatewayName '${name}' is that of ${other} in the same cluster; give one of them another name`)) return;
  if (faults.ok) names.set(name, faults.path);
}
