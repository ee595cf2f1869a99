import { checkInteger, checkLiteral } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** Refuses a number of copies that a chart cannot have. */
export function checkReplicas(faults: Faults, property: string, replicas: number | undefined, max = 10): void {
  if (checkLiteral(faults, property, replicas)) checkInteger(faults, property, replicas, { min: 1, max });
}
