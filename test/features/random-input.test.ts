import { Duration, Lazy, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as fc from 'fast-check';
import { make, profile } from './support';
import { Faults } from '../../lib/core/private/faults';
import { Feature, FeatureType, FeatureView, type FeatureViewOptions } from '../../lib/features';
import { featureView, type FeatureViewInput, onlineTableName } from '../../lib/features/blueprint/feature-view';
import { featureJob } from '../../lib/features/blueprint/job';
import { materialization } from '../../lib/features/blueprint/materialization';
import { skewCheck } from '../../lib/features/blueprint/skew-check';
import { validOrRefused } from '../cluster/support';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const COLUMNS = { customer_id: 'long', event_time: 'timestamptz', age: 'long', country: 'string', tags: 'list' };
/** Names of columns, names that every object of JavaScript has, and what is no name. */
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Object.keys(COLUMNS)) },
  fc.constantFrom('', 'constructor', 'toString', '__proto__', 'x'.repeat(300), Token.asString({ Ref: 'P' })),
  fc.string(),
);
const number = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: -2, max: 5_000 }) }, fc.double({ min: -1e9, max: 1e9 }), fc.constantFrom(-Infinity, Infinity, NaN, Token.asNumber({ Ref: 'N' })));
const duration = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 168 }).map(Duration.hours) },
  fc.nat(10_000).map(Duration.hours), fc.nat(5_000).map(Duration.millis), fc.constant(Duration.seconds(Lazy.number({ produce: () => 90 }))),
);
const type = fc.constantFrom(FeatureType.INT64, FeatureType.STRING, FeatureType.BOOL, FeatureType.listOf(FeatureType.STRING));
const feature = fc.tuple(name, type).map(([column, of]) => Feature.of(column, of));

const viewOptions = fc.record({
  entities: fc.oneof({ weight: 3, arbitrary: fc.constant<string[]>(['customer_id']) }, fc.array(name, { maxLength: 2 })),
  joinKeys: maybe(fc.dictionary(name, name, { maxKeys: 1 })),
  features: fc.oneof(fc.constant<Feature[]>([Feature.of('age', FeatureType.INT64)]), fc.array(feature, { maxLength: 3 })),
  timestampField: fc.oneof({ weight: 3, arbitrary: fc.constant('event_time') }, name),
  ttl: maybe(duration),
  online: maybe(fc.boolean()),
  viewName: fc.oneof({ weight: 2, arbitrary: fc.constant('profile') }, name),
});
const materializations = fc.record({
  onDataArrived: maybe(fc.boolean()), maxAge: maybe(duration), maxFreshness: maybe(duration), overlap: maybe(duration), expectedRows: maybe(number),
});
const sizes = fc.record({ cpu: maybe(fc.oneof(fc.constantFrom(512, 1024), number)), memoryLimitMiB: maybe(fc.oneof(fc.constantFrom(2048, 4096), number)) });

describe('any properties of a blueprint are accepted or refused with a ValidationError', () => {
  /** How many of 2,000 were accepted, each judged. */
  function accepted<Input, Plan>(inputs: fc.Arbitrary<Input>, plan: (faults: Faults, input: Input) => Plan, judge: (plan: Plan) => void): number {
    let count = 0;
    fc.assert(fc.property(inputs, (input) => {
      const faults = Faults.at('Stack/It');
      const made = plan(faults, input);
      if (!faults.ok) return;
      count++;
      judge(made);
    }), { numRuns: 2_000 });
    return count;
  }

  test('views: what is accepted reads columns that are there, and DynamoDB takes its table\'s name', () => {
    const inputs: fc.Arbitrary<FeatureViewInput> = viewOptions.map((options) => ({ ...options, projectName: 'shop', tableName: 'customers', columnTypes: COLUMNS }));
    expect(accepted(inputs, (faults, input) => ({ input, plan: featureView(faults, input) }), ({ input, plan }) => {
      const keys = plan.entities.map((entity) => new Map(Object.entries(input.joinKeys ?? {})).get(entity) ?? entity);
      const read = [...keys, plan.source.timestampField, ...plan.features.map((it) => it.name)];
      expect(Object.keys(COLUMNS)).toEqual(expect.arrayContaining(read));
      // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
      expect(onlineTableName('shop', plan.name)).toMatch(/^[a-zA-Z0-9_.-]{3,255}$/);
    })).toBeGreaterThan(100);
  });

  test('materializations: every argument is text that a command takes', () => {
    const inputs = materializations.chain((given) => fc.record({ hasBus: fc.boolean(), scheduled: fc.boolean(), offlineViews: fc.constantFrom<string[]>([], ['profile']) })
      .map((rest) => ({ ...given, ...rest, viewNames: ['profile'], onDataArrived: given.onDataArrived ?? false })));
    expect(accepted(inputs, materialization, (plan) => {
      expect(plan.arguments.join(' ')).toMatch(/^--view profile( --overlap-seconds [1-9]\d*)?$/);
      for (const value of [plan.maxAgeHours ?? 1, plan.maxFreshnessSeconds ?? 60]) expect(Number.isInteger(value) && value > 0).toBe(true);
    })).toBeGreaterThan(100);
  });

  test('comparisons: samples and thresholds are in their range, or known later', () => {
    const inputs = fc.record({ sample: maybe(number), threshold: maybe(fc.oneof(fc.double({ min: 0, max: 1 }), number)) });
    expect(accepted(inputs, (faults, input) => skewCheck(faults, { ...input, viewNames: ['profile'], offlineViews: [] }), (args) => {
      const [sample, threshold] = ['--sample', '--threshold'].map((flag) => Number(args[args.indexOf(flag) + 1]));
      expect(Token.isUnresolved(sample) || (sample! >= 1 && Number.isInteger(sample))).toBe(true);
      expect(Token.isUnresolved(threshold) || (threshold! >= 0 && threshold! <= 1)).toBe(true);
    })).toBeGreaterThan(100);
  });

  test('jobs: sizes and timeouts are whole numbers, or known later', () => {
    const inputs = sizes.chain((size) => maybe(duration).map((timeout) => ({ ...size, timeout, command: 'features-materialize' })));
    expect(accepted(inputs, featureJob, ({ cpu, memoryLimitMiB, timeoutSeconds }) => {
      for (const value of [cpu, memoryLimitMiB, timeoutSeconds]) expect(Token.isUnresolved(value) || Number.isInteger(value)).toBe(true);
    })).toBeGreaterThan(100);
  });
});

describe('any properties of a construct give a template or a ValidationError', () => {
  const runs = { numRuns: 50 };
  const synthesized = (build: (made: ReturnType<typeof make>, view: FeatureView) => unknown, props = {}): boolean => validOrRefused(() => {
    const made = make(props);
    build(made, made.store.addFeatureView('Profile', profile(made.customers)));
    Template.fromStack(made.stack);
  });

  test('a store', () => fc.assert(fc.property(
    fc.record({ projectName: maybe(fc.oneof(name, fc.constant('shop'))), environmentName: maybe(name) }), (props) => synthesized(() => undefined, props)), runs), 120_000);

  test('a view', () => fc.assert(fc.property(
    viewOptions, (options) => synthesized(({ store, customers }) => store.addFeatureView('Random', { table: customers, ...options } as FeatureViewOptions))), runs), 120_000);

  test('a materialization', () => fc.assert(fc.property(
    materializations, sizes, (given, size) => synthesized(({ store }, view) => store.addMaterialization('M', { views: [view], ...given, ...size }))), runs), 120_000);

  test('a comparison', () => fc.assert(fc.property(
    fc.record({ sample: maybe(number), threshold: maybe(number) }), sizes,
    (given, size) => synthesized(({ store }, view) => store.addSkewCheck('S', { views: [view], ...given, ...size }))), runs), 120_000);

  test('a server', () => fc.assert(fc.property(
    fc.record({ hostName: maybe(name), desiredCount: maybe(number) }), sizes, (given, size) => synthesized(({ store }) => store.addFeatureServer('F', { ...given, ...size }))), runs), 120_000);
});
