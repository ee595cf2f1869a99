import { readFileSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CostKind } from '../../lib/core/cost/cost-at-rest';
import { measurementColumns } from '../../stacks/starter/measurements';
import { starterPlatform } from '../../stacks/starter/starter';
import { costOfApp, costTable, monthlyOf, tableIn } from '../support/cost-table';

const app = new App();
const starter = starterPlatform(app);
const assembly = app.synth();
const stack = (name: string) => assembly.getStackByName(name);
const template = (name: string) => stack(name).template as { Resources: Record<string, { Type: string }>; Outputs?: Record<string, unknown> };

/** A release record is read twice a second: 5.26 million eventually consistent reads a month at 0.0625 USD per million. */
const POLLING_USD = 0.33;

describe('the starter', () => {
  test('costs less than 100 USD a month at rest, with the reads of one model server', () => {
    const costs = costOfApp(app);
    expect(monthlyOf(costs) + POLLING_USD).toBeLessThan(100);
    expect(monthlyOf(costs)).toBeGreaterThan(80); // nothing billed was forgotten: NAT, load balancer and database alone are more
    expect(costs.flatMap(({ lines }) => lines).filter(({ kind }) => kind === CostKind.UNKNOWN)).toEqual([]);
  });

  test('says so in its README', () => {
    const readme = join(__dirname, '../../stacks/starter/README.md');
    expect(tableIn(readme)).toBe(costTable(costOfApp(app)));
  });

  test('has one stack per lifecycle, in an order without cycles', () => {
    const dependencies = Object.fromEntries(assembly.stacks.map((one) => [
      one.stackName, one.dependencies.map(({ id }) => id).filter((id) => !id.endsWith('.assets')).sort(),
    ]));
    expect(dependencies).toEqual({
      'MlPlatform-Alarms': [],
      'MlPlatform-Network': [],
      'MlPlatform-Data': [],
      'MlPlatform-Registry': ['MlPlatform-Alarms', 'MlPlatform-Data', 'MlPlatform-Network'],
      'MlPlatform-Tumours': ['MlPlatform-Alarms', 'MlPlatform-Data', 'MlPlatform-Network', 'MlPlatform-Registry'],
    });
  });

  test('protects the stack of data against deletion, and no other', () => {
    const guarded = assembly.stacks.filter(({ terminationProtection }) => terminationProtection).map(({ stackName }) => stackName);
    expect(guarded).toEqual(['MlPlatform-Data']);
  });

  test('goes to the account and region of whoever deploys', () => {
    for (const { environment } of assembly.stacks) {
      expect(environment).toMatchObject({ account: 'unknown-account', region: 'unknown-region' });
    }
  });

  test('tells the laptop edition where everything is', () => {
    const driver = readFileSync(join(__dirname, '../../lib/local/driver/platform-addresses.ts'), 'utf8');
    const asked = [...driver.matchAll(/: '([A-Z][A-Za-z]+)',$/gm)].map(([, name]) => name);
    expect(asked.length).toBeGreaterThan(5);
    const outputs = assembly.stacks.flatMap(({ stackName }) => Object.keys(template(stackName).Outputs ?? {}));
    expect(outputs).toEqual(expect.arrayContaining(asked));
  });

  test('keeps what must not be lost', () => {
    const stateful = {
      'AWS::RDS::DBInstance': 'Snapshot', 'AWS::DynamoDB::Table': 'Retain', 'AWS::S3::Bucket': 'Retain', 'AWS::Glue::Database': 'Retain', 'AWS::Glue::Table': 'Retain',
    };
    for (const [type, policy] of Object.entries(stateful)) {
      const found = assembly.stacks.flatMap(({ stackName }) => Object.values(Template.fromJSON(template(stackName)).findResources(type)));
      expect([type, found.length > 0]).toEqual([type, true]);
      expect([type, found.map(({ DeletionPolicy }) => DeletionPolicy as unknown)]).toEqual([type, found.map(() => policy)]);
    }
  });

  test('sends every alarm to the topic', () => {
    const alarms = assembly.stacks.flatMap(({ stackName }) => Object.values(Template.fromJSON(template(stackName)).findResources('AWS::CloudWatch::Alarm')));
    expect(alarms.length).toBeGreaterThanOrEqual(10);
    expect(alarms.filter(({ Properties }) => (Properties.AlarmActions ?? []).length !== 1)).toEqual([]);
  });

  test('has hosts that callers inside the network reach', () => {
    expect([starter.models.hostName, starter.tumours.hostName]).toEqual(['mlflow.ml.internal', 'tumours.ml.internal']);
    Template.fromJSON(template('MlPlatform-Network')).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 80, ToPort: 80, Description: 'callers inside the network',
    });
  });

  test('subscribes who asks to hear of alarms', () => {
    const other = new App();
    starterPlatform(other, { alarmEmail: 'ml@example.com' });
    const topic = other.synth().getStackByName('MlPlatform-Alarms').template as object;
    Template.fromJSON(topic).hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ml@example.com' });
  });

  test('is the same bytes every time', () => {
    const again = new App();
    starterPlatform(again);
    for (const { stackName, template: bytes } of again.synth().stacks) {
      expect([stackName, JSON.stringify(bytes)]).toEqual([stackName, JSON.stringify(template(stackName))]);
    }
  });

  test('has ids that are contract: another one replaces the resource', () => {
    const ids = (name: string, type: string) => Object.keys(Template.fromJSON(template(name)).findResources(type));
    expect(ids('MlPlatform-Registry', 'AWS::RDS::DBInstance')).toEqual(['ModelsDatabase6C938EC6']);
    expect(ids('MlPlatform-Registry', 'AWS::DynamoDB::Table')).toEqual(['ModelsReleasesFC5ED220']);
    expect(ids('MlPlatform-Network', 'AWS::EC2::VPC')).toEqual(['Network6E62CE96']);
    expect(ids('MlPlatform-Data', 'AWS::Glue::Table')).toHaveLength(1);
  });
});

test('the table has a column for each measurement, and the diagnosis', () => {
  const names = measurementColumns().map(({ name }) => name);
  expect(names).toHaveLength(31);
  expect(new Set(names).size).toBe(31);
  expect(names).toEqual(expect.arrayContaining(['mean_radius', 'concave_points_error', 'worst_fractal_dimension', 'target']));
});
