import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { CostKind } from '../../lib/core/cost/cost-at-rest';
import { referencePlatform } from '../../stacks/reference/reference';
import { starterPlatform } from '../../stacks/starter/starter';
import { costOfApp, costTable, tableIn } from '../support/cost-table';

interface StackTemplate { readonly Resources: Record<string, unknown>; readonly Outputs?: Record<string, unknown> }

function templatesOf(app: App): Record<string, StackTemplate> {
  return Object.fromEntries(app.synth().stacks.map(({ stackName, template }) => [stackName, template as StackTemplate]));
}

/** What of `smaller` is missing in `larger`, or differs there. */
function changed(smaller: Record<string, StackTemplate>, larger: Record<string, StackTemplate>): string[] {
  return Object.entries(smaller).flatMap(([stack, { Resources }]) => Object.entries(Resources)
    .filter(([id, resource]) => JSON.stringify(larger[stack]?.Resources[id]) !== JSON.stringify(resource))
    .map(([id]) => `${stack}/${id}`));
}

const starterApp = new App();
starterPlatform(starterApp);
const starter = templatesOf(starterApp);
const app = new App();
referencePlatform(app);
const reference = templatesOf(app);

describe('the reference platform', () => {
  test('holds every resource of the starter, unchanged', () => {
    expect(Object.values(starter).flatMap(({ Resources }) => Object.keys(Resources)).length).toBeGreaterThan(80);
    expect(changed(starter, reference)).toEqual([]);
  });

  test('adds stacks and adds nothing to those of the starter', () => {
    expect(changed(Object.fromEntries(Object.keys(starter).map((name) => [name, reference[name] as StackTemplate])), starter)).toEqual([]);
    expect(Object.keys(reference).filter((name) => !(name in starter)).sort()).toEqual(['MlPlatform-AddOns', 'MlPlatform-Cluster']);
  });

  test('keeps every export of the starter, so that a step back is possible', () => {
    for (const [name, { Outputs }] of Object.entries(starter)) expect(Object.keys(reference[name]?.Outputs ?? {})).toEqual(Object.keys(Outputs ?? {}));
  });

  test.each<[string, (templates: Record<string, StackTemplate>) => void]>([
    ['a changed property', (templates) => Object.assign(templates['MlPlatform-Registry']?.Resources.ModelsDatabase6C938EC6 as object, { DeletionPolicy: 'Delete' })],
    ['a missing resource', (templates) => { delete templates['MlPlatform-Registry']?.Resources.ModelsDatabase6C938EC6; }],
  ])('would be found out by %s', (_, spoil) => {
    const spoilt = structuredClone(reference);
    spoil(spoilt);
    expect(changed(starter, spoilt)).toEqual(['MlPlatform-Registry/ModelsDatabase6C938EC6']);
  });

  test('stands in stacks that depend on each other in one direction', () => {
    const dependencies = (name: string) => app.synth().getStackByName(name).dependencies.map(({ id }) => id).filter((id) => !id.endsWith('.assets')).sort();
    expect(dependencies('MlPlatform-Cluster')).toEqual(['MlPlatform-Network']);
    expect(dependencies('MlPlatform-AddOns')).toEqual(['MlPlatform-Cluster']);
  });

  test('says in its README what it costs at rest, with nothing unknown', () => {
    const costs = costOfApp(app);
    expect(costs.flatMap(({ lines }) => lines).filter(({ kind }) => kind === CostKind.UNKNOWN)).toEqual([]);
    expect(tableIn(join(__dirname, '../../stacks/reference/README.md'))).toBe(costTable(costs));
  });
});
