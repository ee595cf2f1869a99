import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

/** The five fields and their bounds in https://pkg.go.dev/github.com/robfig/cron/v3, which KEDA reads schedules with. */
const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 6, names: DAYS },
];

/** Refuses a schedule that KEDA would refuse. */
export function checkCron(faults: Faults, property: string, cron: string): void {
  const code = `invalid-${property}`;
  const parts = cron.trim().split(/\s+/);
  if (!faults.check(parts.length === FIELDS.length, code,
    `${property} ${show(cron)} is not a cron expression of five fields; give minute, hour, day of month, month and day of week, such as '0 7 * * MON-FRI'`)) return;
  FIELDS.forEach((field, index) => {
    const part = parts[index] ?? '';
    faults.check(part.split(',').every((item) => isItem(field, item)), code,
      `${property} ${show(cron)} has ${show(part)} as its ${field.name}; use *, values from ${field.min} to ${field.max}, ranges such as ${field.min}-${field.max}, or steps such as */2`);
  });
}

/** `*`, `7`, `MON`, `1-5`, each with a step or without one. */
function isItem(field: Field, item: string): boolean {
  const [range = '', step, ...more] = item.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9][0-9]{0,2}$/.test(step))) return false;
  if (range === '*' || range === '?') return true;
  const bounds = range.split('-').map((bound) => valueOf(field, bound));
  const [from = NaN, to = from] = bounds;
  return bounds.length <= 2 && from >= field.min && to <= field.max && from <= to;
}

function valueOf({ names, min }: Field, text: string): number {
  const position = names.indexOf(text.toLowerCase());
  if (position >= 0) return position + min;
  return /^[0-9]{1,2}$/.test(text) ? Number(text) : NaN;
}

/** Refuses a time zone that is not in the IANA database. */
export function checkTimeZone(faults: Faults, timeZone: string): void {
  faults.check(isTimeZone(timeZone), 'invalid-time-zone', `timeZone ${show(timeZone)} is not in the IANA database; use a name such as 'Europe/Berlin' or 'UTC'`);
}

function isTimeZone(timeZone: string): boolean {
  // offsets such as +02:00 are zones for JavaScript, but not for KEDA
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
