import { Duration, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { gpuPlan } from './node-pool-samples';
import { faultOf } from './support';
import { NodeProvisioning, Weekday, type NodeDisruptionOptions } from '../../lib/cluster';
import { planDisruption, withExpiry, type DisruptionBudget } from '../../lib/cluster/blueprint/node-pool-disruption';
import { Faults } from '../../lib/core/private/faults';

const GPU = { gpu: true, provisioning: NodeProvisioning.KARPENTER };
const DAYS = Object.values(Weekday);

function plan(options: NodeDisruptionOptions, kind = GPU) {
  const faults = Faults.at('Pool');
  const result = planDisruption(faults, options, kind);
  faults.throwIfAny();
  return result;
}

/** Whether a budget forbids replacement in the hour of the week, as Karpenter reads it: from each start on for its duration. */
function forbids({ nodes, schedule = '', duration = '' }: DisruptionBudget, hourOfWeek: number): boolean {
  if (schedule === '') return nodes === '0';
  const [, hour, , , day] = schedule.split(' ');
  const starts = (day === '*' ? [0, 1, 2, 3, 4, 5, 6] : [Number(day)]).map((it) => it * 24 + Number(hour));
  return starts.some((start) => (hourOfWeek - start + 168) % 168 < parseInt(duration, 10));
}

describe('a maintenance window', () => {
  test('every day forbids the rest of each day', () => {
    expect(plan({ maintenanceWindow: { startHour: 22, duration: Duration.hours(4) } }).budgets)
      .toEqual([{ nodes: '10%' }, { nodes: '0', reasons: ['Drifted'], schedule: '0 2 * * *', duration: '20h' }]);
  });

  test('on some days forbids the time from each of them to the next', () => {
    expect(plan({ maintenanceWindow: { startHour: 22, duration: Duration.hours(4), weekdays: [Weekday.SATURDAY, Weekday.TUESDAY] } }).budgets.slice(1)).toEqual([
      { nodes: '0', reasons: ['Drifted'], schedule: '0 2 * * 3', duration: '92h' },
      { nodes: '0', reasons: ['Drifted'], schedule: '0 2 * * 0', duration: '68h' },
    ]);
  });

  test('is open in its own hours and in no other, whatever it is', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 23 }), fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1 }), fc.boolean(), (startHour, hours, days, everyDay) => {
      const weekdays = everyDay ? undefined : days;
      const { budgets } = plan({ maintenanceWindow: { startHour, duration: Duration.hours(hours), weekdays } });
      const opens = (weekdays ?? DAYS).map((day) => DAYS.indexOf(day) * 24 + startHour);
      const week = Array.from({ length: 168 }, (_, hour) => hour);
      const isOpen = week.filter((hour) => opens.some((start) => (hour - start + 168) % 168 < hours));
      expect(week.filter((hour) => !budgets.some((budget) => forbids(budget, hour)))).toEqual(isOpen);
    }), { numRuns: 300 });
  });

  test('moves pods that must not be disrupted, an hour later', () => {
    expect(plan({}).terminationGracePeriod).toBeUndefined();
    expect(plan({ maintenanceWindow: { startHour: 0, duration: Duration.hours(1) } }).terminationGracePeriod).toBe('1h');
  });
});

describe('nodes', () => {
  test('with GPUs go when they are empty, others also when their pods fit elsewhere', () => {
    expect(plan({})).toEqual({ consolidationPolicy: 'WhenEmpty', consolidateAfter: '5m', expireAfter: 'Never', budgets: [{ nodes: '10%' }] });
    expect(plan({}, { ...GPU, gpu: false })).toEqual({ consolidationPolicy: 'WhenEmptyOrUnderutilized', consolidateAfter: '1m', expireAfter: 'Never', budgets: [{ nodes: '10%' }] });
  });

  test('of EKS Auto Mode live 14 days, or as long as AWS lets them', () => {
    const auto = { ...GPU, provisioning: NodeProvisioning.AUTO_MODE };
    expect(plan({}, auto)).toMatchObject({ expireAfter: '336h', terminationGracePeriod: '1h' });
    expect(plan({ expireAfter: Duration.days(21) }, auto).expireAfter).toBe('504h');
    expect(faultOf(() => plan({ expireAfter: Duration.days(22) }, auto)))
      .toBe('ValidationError at Pool [invalid-disruption-expire-after]: disruption.expireAfter of 1900800 seconds is not a whole number from 300 to 1814400 seconds; use a duration in that range');
  });

  test('that stand in for cheaper ones expire, whatever the others do', () => {
    expect(withExpiry(plan({ expireAfter: Duration.days(30), terminationGracePeriod: Duration.minutes(5) }), '24h')).toMatchObject({ expireAfter: '24h', terminationGracePeriod: '5m' });
    expect(withExpiry(plan({}), '24h')).toMatchObject({ expireAfter: '24h', terminationGracePeriod: '1h' });
    expect(withExpiry(plan({}), undefined)).toEqual(plan({}));
  });
});

describe('times are refused', () => {
  test.each<[string, NodeDisruptionOptions, string]>([
    ['a window of no day', { maintenanceWindow: { startHour: 1, duration: Duration.hours(1), weekdays: [] } },
      '[invalid-disruption-maintenance-window-weekdays]: disruption.maintenanceWindow.weekdays is empty; name at least one day, or leave it out'],
    ['a window that opens twice a day', { maintenanceWindow: { startHour: 1, duration: Duration.hours(1), weekdays: [Weekday.MONDAY, Weekday.MONDAY] } },
      "[duplicate-disruption-maintenance-window-weekdays]: disruption.maintenanceWindow.weekdays names 'MONDAY' more than once; keep one of them"],
    ['a window that never closes', { maintenanceWindow: { startHour: 1, duration: Duration.hours(24) } },
      '[invalid-disruption-maintenance-window-duration]: disruption.maintenanceWindow.duration 24 is not a whole number from 1 to 23 hours; use a value in that range'],
    ['a window in half hours', { maintenanceWindow: { startHour: 1, duration: Duration.minutes(90) } },
      '[invalid-disruption-maintenance-window-duration]: disruption.maintenanceWindow.duration 1.5 is not a whole number from 1 to 23 hours; use a value in that range'],
    ['a window at no hour', { maintenanceWindow: { startHour: 24, duration: Duration.hours(1) } },
      '[invalid-disruption-maintenance-window-start-hour]: disruption.maintenanceWindow.startHour 24 is not a whole number from 0 to 23; use a value in that range'],
    ['a window known only at deploy time', { maintenanceWindow: { startHour: 1, duration: Duration.hours(Token.asNumber({ Ref: 'H' })) } },
      '[unresolved-disruption-maintenance-window-duration]: disruption.maintenanceWindow.duration is known only at deploy time, but it decides what is created; give a literal'],
    ['an hour known only at deploy time', { maintenanceWindow: { startHour: Token.asNumber({ Ref: 'H' }), duration: Duration.hours(1) } },
      '[unresolved-disruption-maintenance-window-start-hour]: disruption.maintenanceWindow.startHour is known only at deploy time, but it decides what is created; give a literal'],
    ['something that is no number of nodes', { maxUnavailable: 'all' }, "[invalid-disruption-max-unavailable]: disruption.maxUnavailable 'all' is not allowed; use a number of nodes or a percentage, such as '1' or '10%'"],
    ['a grace period of no use', { terminationGracePeriod: Duration.seconds(5) },
      '[invalid-disruption-termination-grace-period]: disruption.terminationGracePeriod of 5 seconds is not a whole number from 60 to 604800 seconds; use a duration in that range'],
    ['fractions of a second', { consolidateAfter: Duration.millis(1500) },
      '[invalid-disruption-consolidate-after]: disruption.consolidateAfter of 1.5 seconds is not a whole number from 0 to 604800 seconds; use a duration in that range'],
  ])('%s', (_, disruption, message) => expect(faultOf(() => gpuPlan({ disruption }))).toBe(`ValidationError at Stack/Pool ${message}`));
});
