import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { faultsOf } from './support';
import { ColdStorage, DataLake, DataLakeProps, Zone } from '../../lib/data';

function lake(props?: DataLakeProps): { lake: DataLake; template: Template } {
  const made = new DataLake(new Stack(new App(), 'Data'), 'Lake', props);
  return { lake: made, template: Template.fromStack(Stack.of(made)) };
}

const buckets = (template: Template): [string, any][] => Object.entries(template.findResources('AWS::S3::Bucket')).map(([id, { Properties }]: any) => [id, Properties]);
const zoned = (template: Template) => buckets(template).filter(([, { VersioningConfiguration }]) => VersioningConfiguration);

describe('an inventory', () => {
  test('is not made unless asked for', () => {
    const { lake: made, template } = lake();
    expect(made.inventoryBucket).toBeUndefined();
    for (const [, properties] of buckets(template)) expect(properties.InventoryConfigurations).toBeUndefined();
  });

  test('lists each zone once a week below its own prefix, beside the access logs', () => {
    const { lake: made, template } = lake({ inventory: true });
    expect(made.inventoryBucket).toBe(made.accessLogsBucket);
    template.resourceCountIs('AWS::S3::Bucket', 5);
    const inventories = zoned(template).map(([, { InventoryConfigurations }]) => InventoryConfigurations);
    expect(inventories).toHaveLength(4);
    for (const [inventory, ...others] of inventories) {
      expect(others).toEqual([]);
      expect(inventory).toMatchObject({ Enabled: true, ScheduleFrequency: 'Weekly', IncludedObjectVersions: 'All', Destination: { Format: 'Parquet' } });
    }
    expect(inventories.map(([{ Destination: { Prefix } }]) => Prefix).sort()).toEqual(['inventory/artifacts', 'inventory/curated', 'inventory/processed', 'inventory/raw']);
  });

  test('has a private bucket of its own where there are no access logs, which S3 may fill', () => {
    const { lake: made, template } = lake({ inventory: true, accessLogs: false });
    expect(made.inventoryBucket?.node.path).toBe('Data/Lake/Inventory');
    template.resourceCountIs('AWS::S3::Bucket', 5);
    const text = JSON.stringify(template.findResources('AWS::S3::BucketPolicy'));
    expect(text).toContain('"Principal":{"Service":"s3.amazonaws.com"}');
    expect(text).not.toContain('logging.s3.amazonaws.com');
  });
});

describe('transitions', () => {
  test('move the objects of a zone to intelligent tiering after 30 days, and leave the other zones alone', () => {
    const { template } = lake({ transitions: [{ zone: Zone.RAW }] });
    const rules = zoned(template).map(([id, { LifecycleConfiguration }]) => [id, LifecycleConfiguration.Rules[0].Transitions]);
    expect(rules.filter(([, transitions]) => transitions)).toEqual([[expect.stringContaining('RawBucket'), [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 30 }]]]);
    expect(rules).toHaveLength(4);
  });

  test('take another storage and time', () => {
    const { template } = lake({ transitions: [{ zone: Zone.ARTIFACTS, storage: ColdStorage.INFREQUENT_ACCESS, after: Duration.days(90) }] });
    expect(JSON.stringify(buckets(template))).toContain('"Transitions":[{"StorageClass":"STANDARD_IA","TransitionInDays":90}]');
  });

  test('that cannot be are refused, all at once', () => {
    expect(faultsOf(() => lake({
      transitions: [{ zone: Zone.RAW, storage: ColdStorage.INFREQUENT_ACCESS, after: Duration.days(7) }, { zone: Zone.RAW, after: Duration.hours(5) }],
    }))).toEqual([
      '[duplicate-transitions] transitions names \'raw\' more than once; keep one of them',
      '[transition-too-early] transitions moves zone \'raw\' to infrequent access after 7 days, but S3 takes objects from 30 days on; wait for 30 days, '
      + 'or use ColdStorage.INTELLIGENT_TIERING',
      '[invalid-transitions-after] transitions.after of 0.20833333333333334 days is not a whole number from 1 to 36500 days; use a duration in that range',
    ]);
  });
});
