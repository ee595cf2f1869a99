import type { Duration } from 'aws-cdk-lib';
import type { FeatureViewBlueprint } from './feature-view';
import { checkInteger, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';

/** What a user says about when and what is materialized. */
export interface MaterializationInput {
  readonly viewNames: string[];
  /** Views that are not online. */
  readonly offlineViews: string[];
  readonly scheduled: boolean;
  readonly onDataArrived: boolean;
  readonly hasBus: boolean;
  readonly maxAge?: Duration;
  readonly maxFreshness?: Duration;
  readonly overlap?: Duration;
  readonly expectedRows?: number;
}

/** What was decided. */
export interface MaterializationBlueprint {
  /** Hours without a run that ended well after which the alarm goes off; undefined: no such alarm. */
  readonly maxAgeHours?: number;
  /** Age of a view's newest value from which its alarm goes off; undefined: no such alarm. */
  readonly maxFreshnessSeconds?: number;
  /** Arguments of the runtime's command. */
  readonly arguments: string[];
}

/** What one run writes, and what it costs. */
export interface WriteCost {
  readonly rows: number;
  readonly units: number;
  readonly usd: number;
  readonly summary: string;
}

/** What the runtime tells of each view. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html */
export const FEATURE_METRICS = {
  namespace: 'MlPlatform/Features',
  freshness: 'Freshness',
  dimensions: (environment: string, project: string, view: string) => ({ Environment: environment, Project: project, View: view }),
};

const WEEK_HOURS = 7 * 24;
const DAILY_HOURS = 26;

/** USD per million write request units, us-east-1, November 2026. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
const WRITE_MILLION = 0.625;
/** DynamoDB rounds an item up to whole units of 1 KB. */
const UNIT_BYTES = 1024;
/** entity_id, event_ts and values, with names; https://docs.feast.dev/reference/online-stores/dynamodb */
const ITEM_BYTES = 9 + 32 + 8 + 32 + 6 + 3;
/** A number or a short text with its name's overhead, as protobuf. */
const VALUE_BYTES = 16;

/** Checks what is materialized when. */
export function materialization(faults: Faults, input: MaterializationInput): MaterializationBlueprint {
  checkViewsOnline(faults, input);
  faults.check(input.scheduled || input.onDataArrived, 'no-trigger', 'neither schedule nor onDataArrived is given, so it would never run; give one of them');
  faults.check(!input.onDataArrived || input.hasBus, 'no-event-bus',
    'onDataArrived needs the events of the platform, and the store has no eventBus; give it to the FeatureStore');
  checkInteger(faults, 'expectedRows', input.expectedRows, { min: 1, max: Number.MAX_SAFE_INTEGER, unit: 'rows' });
  const overlap = wholeSeconds(faults, 'overlap', input.overlap, { min: 0, max: WEEK_HOURS * 3600, otherwise: 0 });
  return {
    maxAgeHours: maxAgeHours(faults, input),
    maxFreshnessSeconds: input.maxFreshness && wholeSeconds(faults, 'maxFreshness', input.maxFreshness, { min: 60, max: WEEK_HOURS * 3600, otherwise: 60 }),
    arguments: [...input.viewNames.flatMap((name) => ['--view', name]), ...overlap > 0 ? ['--overlap-seconds', String(overlap)] : []],
  };
}

/** Refuses a list of views that is empty, or has one that serving does not know. */
export function checkViewsOnline(faults: Faults, { viewNames, offlineViews }: { readonly viewNames: string[]; readonly offlineViews: string[] }): void {
  faults.check(viewNames.length > 0, 'no-views', 'views is empty, so there is nothing to do; give what addFeatureView returned');
  for (const view of offlineViews) {
    faults.add('view-not-online', `views has ${show(view)}, which is not online; leave it out, or set its online to true`);
  }
}

function maxAgeHours(faults: Faults, { maxAge, scheduled }: MaterializationInput): number | undefined {
  if (maxAge === undefined) return scheduled ? DAILY_HOURS : undefined;
  if (maxAge.isUnresolved()) {
    faults.add('unresolved-max-age', 'maxAge is known only at deploy time, but it is checked at synthesis; give a literal');
    return undefined;
  }
  const hours = maxAge.toHours({ integral: false });
  faults.check(Number.isInteger(hours) && hours >= 1 && hours <= WEEK_HOURS, 'invalid-max-age',
    `maxAge of ${show(hours)} hours is not a whole number from 1 to ${WEEK_HOURS} hours, the longest that an alarm looks back; use a duration in that range`);
  return hours;
}

/** Rows times views times the units of an item: what one run writes to DynamoDB if each row is of another entity. */
export function writeCost(views: FeatureViewBlueprint[], expectedRows: number): WriteCost {
  const perRow = views.map((view) => Math.ceil(itemBytes(view) / UNIT_BYTES)).reduce((sum, units) => sum + units, 0);
  const [rows, units] = [expectedRows * views.length, expectedRows * perRow];
  const usd = units / 1e6 * WRITE_MILLION;
  const money = usd < 0.01 ? 'less than 0.01' : `about ${usd.toFixed(2)}`;
  return {
    rows, units, usd,
    summary: `one run writes ${format(expectedRows)} rows x ${views.length} ${views.length === 1 ? 'view' : 'views'} = ${format(units)} write units, `
      + `${money} USD in us-east-1; items above 1 KB (long texts, lists) take more`,
  };
}

function itemBytes({ features }: FeatureViewBlueprint): number {
  return ITEM_BYTES + features.reduce((sum, { name }) => sum + name.length + VALUE_BYTES, 0);
}

function format(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
