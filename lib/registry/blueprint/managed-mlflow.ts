import { MlflowServerSize } from './mlflow-server-size';
import { checkLiteral, checkOneOf, checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What is asked of a managed MLflow. */
export interface ManagedMlflowInput {
  readonly name?: string;
  readonly size?: MlflowServerSize;
  readonly maintenanceWindow?: string;
}

/** A managed MLflow, decided. */
export interface ManagedMlflowBlueprint {
  /** True for an MLflow App, false for a tracking server. */
  readonly app: boolean;
  readonly size?: MlflowServerSize;
  readonly maintenanceWindow?: string;
}

const NAME = { pattern: /^(?=.{1,256}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*$/, allowed: '1 to 256 letters, digits or hyphens, starting and ending with a letter or digit' };
const WINDOW = { pattern: /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01]\d|2[0-3]):[0-5]\d$/, allowed: 'day and time in UTC, for example Tue:03:30' };

/** Decides on a managed MLflow: an App, which has no size and is there in minutes, unless a size asks for a tracking server. */
export function managedMlflow(faults: Faults, input: ManagedMlflowInput): ManagedMlflowBlueprint {
  checkText(faults, 'serverName', input.name, NAME);
  checkLiteral(faults, 'size', input.size);
  checkOneOf(faults, 'size', input.size, Object.values(MlflowServerSize));
  checkText(faults, 'maintenanceWindow', input.maintenanceWindow, WINDOW);
  return { app: input.size === undefined, size: input.size, maintenanceWindow: input.maintenanceWindow };
}
