import { readFileSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { CostKind } from '../../lib/core/cost/cost-at-rest';
import { featuresPlatform } from '../../stacks/features/features';
import { starterPlatform } from '../../stacks/starter/starter';
import { costOfApp, costTable, tableIn } from '../support/cost-table';

type Templates = Record<string, { Resources: Record<string, unknown>; Outputs?: Record<string, unknown> }>;

function templatesOf(app: App): Templates {
  return Object.fromEntries(app.synth().stacks.map(({ stackName, template }) => [stackName, template as Templates[string]]));
}

const starterApp = new App();
starterPlatform(starterApp);
const starter = templatesOf(starterApp);
const app = new App();
const platform = featuresPlatform(app);
const templates = templatesOf(app);
const stacks = join(__dirname, '../../stacks');

describe('the platform with features', () => {
  test('adds one stack, and nothing to those of the starter: it can be taken away again', () => {
    const { 'MlPlatform-Features': added, ...others } = templates;
    expect(others).toEqual(starter);
    expect(Object.keys(added?.Resources ?? {}).length).toBeGreaterThan(50);
  });

  test('reads in Feast the table that the stack makes', () => {
    const definitions = readFileSync(join(stacks, 'features/definitions/customers.py'), 'utf8');
    expect(definitions).toContain(`namespace="${platform.activity.databaseName}"`);
    expect(definitions).toContain(`table="${platform.activity.tableName}"`);
  });

  test('tells the laptop edition where everything is', () => {
    const driver = readFileSync(join(__dirname, '../../lib/local/driver/feature-addresses.ts'), 'utf8');
    const asked = [...driver.matchAll(/: '([A-Z][A-Za-z]+)',$/gm)].map(([, name]) => name);
    expect(asked.length).toBeGreaterThan(8);
    expect(Object.keys(templates['MlPlatform-Features']?.Outputs ?? {})).toEqual(expect.arrayContaining(asked));
  });

  test('says in its README what it costs at rest, with nothing unknown', () => {
    const costs = costOfApp(app);
    expect(costs.flatMap(({ lines }) => lines).filter(({ kind }) => kind === CostKind.UNKNOWN)).toEqual([]);
    expect(tableIn(join(stacks, 'features/README.md'))).toBe(costTable(costs));
  });
});
