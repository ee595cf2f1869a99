import { checkLiteral, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** What is asked of the check of MLflow's aliases. */
export interface AliasCheckInput {
  readonly everyMinutes?: number;
  readonly repair?: boolean;
  /** Name of the registry in the metric. */
  readonly registryName: string;
}

/** The check, decided. */
export interface AliasCheckBlueprint {
  readonly everyMinutes: number;
  readonly command: string[];
  readonly environment: Record<string, string>;
  readonly metric: { readonly namespace: string; readonly name: string; readonly dimensions: Record<string, string> };
}

const SHORTEST_MINUTES = 5;
const DAY_MINUTES = 1440;

/** Decides on the check; `lib/runtime` runs it and sends the metric. */
export function aliasCheck(faults: Faults, input: AliasCheckInput): AliasCheckBlueprint {
  const everyMinutes = input.everyMinutes ?? 60;
  checkLiteral(faults, 'aliasCheck.every', everyMinutes);
  // an alarm on CloudWatch looks back a day at most
  faults.check(isUnresolved(everyMinutes) || (Number.isInteger(everyMinutes) && everyMinutes >= SHORTEST_MINUTES && everyMinutes <= DAY_MINUTES), 'invalid-alias-check-every',
    `aliasCheck.every of ${show(everyMinutes)} minutes is not a whole number from ${SHORTEST_MINUTES} to ${DAY_MINUTES}; use a duration in that range`);
  return {
    everyMinutes,
    command: ['python', '-m', 'ml_platform_runtime', 'registry-check-alias', ...input.repair ? ['--repair'] : []],
    environment: { ML_REGISTRY_NAME: input.registryName },
    metric: { namespace: 'MlPlatform/Registry', name: 'AliasDiffers', dimensions: { Registry: input.registryName } },
  };
}
