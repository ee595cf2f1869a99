import type { MaintenanceWindow, NodeDisruptionOptions, Weekday } from './node-pool-options';
import { NodeProvisioning } from './node-provisioning';
import { checkInteger, checkLiteral, checkText, checkUnique, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isLiteral } from '../../core/private/tokens';
import { wholeSeconds } from '../../network/blueprint/durations';

/** One entry of `spec.disruption.budgets`. */
export interface DisruptionBudget {
  readonly nodes: string;
  readonly reasons?: readonly string[];
  readonly schedule?: string;
  readonly duration?: string;
}

/** When nodes are taken away, as a NodePool says it. */
export interface DisruptionPlan {
  readonly consolidationPolicy: string;
  readonly consolidateAfter: string;
  readonly expireAfter: string;
  readonly terminationGracePeriod?: string;
  readonly budgets: readonly DisruptionBudget[];
}

/** What kind of pool it is. */
export interface DisruptionKind {
  /** True where a pod is too expensive to be moved to save money. */
  readonly gpu: boolean;
  readonly provisioning: NodeProvisioning;
}

/** Cron's numbers, which follow the enum's order. */
const WEEKDAYS: readonly string[] = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];
const NODES: TextRule = { pattern: /^((100|[0-9]{1,2})%|[0-9]+)$/, allowed: "a number of nodes or a percentage, such as '1' or '10%'" };
const DAY = 24;
const WEEK = 7 * DAY;
/** https://docs.aws.amazon.com/eks/latest/userguide/automode.html */
const AUTO_MODE_DAYS = 21;
const AUTO_MODE_DEFAULT = '336h';
/** Time for pods that must not be disrupted, where their node has to go. */
const GRACE = '1h';

/** Decides when nodes are taken away. https://karpenter.sh/docs/concepts/disruption/ */
export function planDisruption(faults: Faults, options: NodeDisruptionOptions = {}, kind: DisruptionKind): DisruptionPlan {
  const auto = kind.provisioning === NodeProvisioning.AUTO_MODE;
  const { consolidateAfter, expireAfter, terminationGracePeriod } = times(faults, options, auto);
  checkText(faults, 'disruption.maxUnavailable', options.maxUnavailable, NODES);
  checkLiteral(faults, 'disruption.maxUnavailable', options.maxUnavailable);
  const closedBudgets = options.maintenanceWindow === undefined ? [] : closedTimes(faults, options.maintenanceWindow);
  const ends = expireAfter !== undefined || auto || options.maintenanceWindow !== undefined;
  const grace = terminationGracePeriod ?? (ends ? GRACE : undefined);
  return {
    // a model is never moved to save money: moving it costs minutes of loading on two GPUs
    consolidationPolicy: kind.gpu ? 'WhenEmpty' : 'WhenEmptyOrUnderutilized',
    consolidateAfter: consolidateAfter ?? (kind.gpu ? '5m' : '1m'),
    expireAfter: expireAfter ?? (auto ? AUTO_MODE_DEFAULT : 'Never'),
    ...grace === undefined ? {} : { terminationGracePeriod: grace },
    budgets: [{ nodes: options.maxUnavailable ?? '10%' }, ...closedBudgets],
  };
}

/** The same for a NodePool whose nodes expire sooner. */
export function withExpiry(plan: DisruptionPlan, expireAfter: string | undefined): DisruptionPlan {
  return expireAfter === undefined ? plan : { ...plan, expireAfter, terminationGracePeriod: plan.terminationGracePeriod ?? GRACE };
}

/** A duration as Go and Karpenter's schema spell it: whole hours, minutes or seconds. */
export function goDuration(seconds: number): string {
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

interface Times {
  readonly consolidateAfter?: string;
  readonly expireAfter?: string;
  readonly terminationGracePeriod?: string;
}

function times(faults: Faults, options: NodeDisruptionOptions, auto: boolean): Times {
  const time = (property: keyof Times, min: number, max: number) => {
    const duration = options[property];
    if (duration === undefined) return undefined;
    return goDuration(wholeSeconds(faults, `disruption.${property}`, duration, { min, max, otherwise: 0 }));
  };
  return {
    consolidateAfter: time('consolidateAfter', 0, WEEK * 3600),
    expireAfter: time('expireAfter', 300, (auto ? AUTO_MODE_DAYS : 365) * DAY * 3600),
    terminationGracePeriod: time('terminationGracePeriod', 60, WEEK * 3600),
  };
}

/** The times at which the window is not open, as budgets that allow no replacement. Karpenter's budgets can only forbid. */
function closedTimes(faults: Faults, window: MaintenanceWindow): DisruptionBudget[] {
  const before = faults.count;
  const hours = window.duration.isUnresolved() ? undefined : window.duration.toHours({ integral: false });
  const days = window.weekdays;
  faults.check(hours !== undefined, 'unresolved-disruption-maintenance-window-duration',
    'disruption.maintenanceWindow.duration is known only at deploy time, but it decides what is created; give a literal');
  checkInteger(faults, 'disruption.maintenanceWindow.startHour', window.startHour, { min: 0, max: 23 });
  checkLiteral(faults, 'disruption.maintenanceWindow.startHour', window.startHour);
  checkInteger(faults, 'disruption.maintenanceWindow.duration', hours, { min: 1, max: 23, unit: 'hours' });
  if (days !== undefined) {
    faults.check(days.length > 0, 'invalid-disruption-maintenance-window-weekdays', 'disruption.maintenanceWindow.weekdays is empty; name at least one day, or leave it out');
    checkUnique(faults, 'disruption.maintenanceWindow.weekdays', days);
  }
  if (faults.count > before || hours === undefined || !isLiteral(window.startHour)) return [];
  if (days === undefined || days.length === 7) return [closed(`0 ${(window.startHour + hours) % DAY} * * *`, DAY - hours)];
  return gaps(days, window.startHour, hours);
}

function gaps(days: readonly Weekday[], startHour: number, hours: number): DisruptionBudget[] {
  const opens = days.map((day) => WEEKDAYS.indexOf(day) * DAY + startHour).sort((a, b) => a - b);
  return opens.map((open, index) => {
    const from = open + hours;
    const next = opens[index + 1] ?? (opens[0] ?? 0) + WEEK;
    return closed(`0 ${from % DAY} * * ${Math.floor(from / DAY) % 7}`, next - from);
  });
}

function closed(schedule: string, hours: number): DisruptionBudget {
  return { nodes: '0', reasons: ['Drifted'], schedule, duration: `${hours}h` };
}
