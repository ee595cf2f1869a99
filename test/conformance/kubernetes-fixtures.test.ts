import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { knownCharts } from './helm-values-oracle';
import { customResourceDefinitions, definedComponents } from './kubernetes-fixtures';
import { checkChartValues, knowsChartValues } from '../../lib/cluster/private/chart-values';
import { PlatformVersion } from '../../lib/core/versions';
import { withoutProse } from '../scripts/fixtures/crd-compaction';
import { kubernetesFixtures, REFERENCE } from '../scripts/generate-kubernetes-fixtures';

const ROOT = join(__dirname, '../..');
const SOURCES = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/SOURCES.json'), 'utf8')) as { fixture: string; licence: string; commit: string }[];

test('every fixture names its source, the commit and a licence that allows a copy', () => {
  const definitions = readdirSync(join(ROOT, 'lib/cluster/manifests/definitions')).map(name => `definitions/${name.replace('.json', '')}`);
  const fixtures = [...definedComponents().map(name => `crds/${name}`), ...knownCharts().map(name => `charts/${name}`), ...definitions];
  expect(fixtures.length).toBeGreaterThan(60);
  expect([...new Set(SOURCES.map(source => source.fixture))].sort()).toEqual(fixtures.sort());
  expect(SOURCES.filter(({ licence, commit }) => !/^(Apache-2\.0|MIT)/.test(licence) || !/^[0-9a-f]{40}$/.test(commit))).toEqual([]);
});

test('definitions keep their rules and lose their prose', () => {
  const nodePool = customResourceDefinitions(['karpenter']).find(definition => definition.metadata?.name === 'nodepools.karpenter.sh');
  const text = JSON.stringify(nodePool);
  expect(text).toContain('"x-kubernetes-validations"');
  expect(text).toContain('"pattern"');
  expect(text).toContain('"default":"WhenEmptyOrUnderutilized"');
  expect(text).not.toMatch(/"description":"/);
});

test('a property that happens to be called description stays', () => {
  const schema = { description: 'prose', properties: { description: { type: 'string', description: 'prose', default: 'description' } } };
  expect(withoutProse(schema)).toEqual({ properties: { description: { type: 'string', default: 'description' } } });
});

test('each kind is defined once', () => {
  const names = customResourceDefinitions().map(definition => definition.metadata?.name);
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('the library knows the values of every chart that it lists, and of no other', () => {
  const listed = readdirSync(join(ROOT, 'lib/cluster/private/chart-values')).map(name => name.replace('.json', ''));
  expect(listed.filter(chart => !knowsChartValues(chart))).toEqual([]);
  expect(listed.flatMap(chart => checkChartValues(chart, { noSuchValue: 1 }).map(fault => fault.path))).toEqual(listed.map(() => 'noSuchValue'));
});

test('the values are those of the chart versions that the newest platform version installs', () => {
  const newest = PlatformVersion.all().at(-1)!;
  const pinned = newest.chartNames().map(name => `${name} ${newest.chart(name).version.replace(/^v/, '')}`);
  const known = newest.chartNames().map((name) => {
    const file = join(ROOT, `lib/cluster/private/chart-values/${name}.json`);
    return `${name} ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
  });
  expect(known).toEqual(pinned);
});

/** Beside the project lies the reference data only where fixtures are maintained. */
(existsSync(REFERENCE) ? describe : describe.skip)('in step with the reference data', () => {
  test('the fixtures are what the generator writes today', () => {
    const different = [...kubernetesFixtures(REFERENCE)].filter(([path, text]) => {
      const bytes = readFileSync(join(ROOT, path));
      return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8') !== text;
    });
    expect(different.map(([path]) => path)).toEqual([]);
  }, 60_000);
});
