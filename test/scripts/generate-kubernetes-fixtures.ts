/**
 * Writes the Kubernetes and Helm reference data that tests and the library need, from a folder of upstream files.
 *
 *     npx tsx test/scripts/generate-kubernetes-fixtures.ts [--reference ../shared/reference] [--others <folder>]
 *
 * Output: `test/fixtures/crds/<component>.json.gz` (a JSON array of CustomResourceDefinitions),
 * `test/fixtures/charts/<chart>.json`, `lib/cluster/private/chart-values/<chart>.json`,
 * `lib/cluster/manifests/definitions/<component>.json` and `test/fixtures/SOURCES.{json,md}`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { chartShape, dependenciesOf, readSchema, readValues, type Shape } from './fixtures/chart-compaction';
import { CHARTS, CRD_COMPONENTS, LIBRARY_CHARTS, LIBRARY_DEFINITION_SOURCES, LIBRARY_DEFINITIONS, OTHER_CRD_SOURCES } from './fixtures/components';
import { compactDefinitions, type JsonObject, storedVersions, withoutProse } from './fixtures/crd-compaction';
import { sourcesOf, sourcesPage, type Source } from './fixtures/provenance';

const ROOT = resolve(__dirname, '../..');
/** Where the folder of upstream files usually lies, beside the project. */
export const REFERENCE = resolve(ROOT, '../shared/reference');

/** Every generated file: its path in the project and its bytes, before any compression. */
export function kubernetesFixtures(reference: string): Map<string, string> {
  const files = new Map<string, string>();
  const sources: Source[] = [];
  for (const component of CRD_COMPONENTS) {
    files.set(`test/fixtures/crds/${component}.json.gz`, JSON.stringify(compactDefinitions(join(reference, 'crds', component))));
    sources.push(...sourcesOf(reference, `crds/${component}`));
  }
  for (const chart of CHARTS) {
    const own = sourcesOf(reference, `charts/${chart}`);
    const facts = chartFacts(reference, chart, own);
    const schema = readSchema(join(reference, 'charts'), chart);
    const checked = schema === undefined ? {} : { defaults: readValues(join(reference, 'charts'), chart), schema: withoutProse(schema) };
    files.set(`test/fixtures/charts/${chart}.json`, lines({ ...facts, dependencies: dependenciesOf(join(reference, 'charts'), chart), ...checked }));
    if (LIBRARY_CHARTS.includes(chart)) files.set(`lib/cluster/private/chart-values/${chart}.json`, lines(facts));
    sources.push(...own);
  }
  sources.push(...OTHER_CRD_SOURCES, ...LIBRARY_DEFINITION_SOURCES);
  for (const component of LIBRARY_DEFINITIONS) {
    files.set(`lib/cluster/manifests/definitions/${component}.json`, definitionLines(compactDefinitions(join(reference, 'crds', component)).map(storedVersions)));
    sources.push(...sourcesOf(reference, `crds/${component}`).map(source => ({ ...source, fixture: `definitions/${component}` })));
  }
  files.set('test/fixtures/SOURCES.json', `[\n${sources.map(source => JSON.stringify(source)).join(',\n')}\n]\n`);
  files.set('test/fixtures/SOURCES.md', sourcesPage(sources));
  return files;
}

function chartFacts(reference: string, chart: string, sources: readonly Source[]): { [key: string]: Shape } {
  const folder = join(reference, 'charts');
  const described = parse(readFileSync(join(folder, chart, 'Chart.yaml'), 'utf8')) as { name: string; version: string };
  const [source] = sources;
  // a release tag is the truth; many a Chart.yaml in it holds a placeholder
  const tagged = /\d+\.\d+\.\d+$/.exec(source?.ref ?? '')?.[0];
  return {
    chart: described.name,
    version: tagged ?? described.version.replace(/^v/, ''),
    source: `${source?.repository}@${source?.ref} ${source?.commit.slice(0, 10)}`,
    licence: source?.licence ?? '',
    values: chartShape(folder, chart),
  };
}

/** JSON with one line for each definition. */
function definitionLines(definitions: readonly JsonObject[]): string {
  return `[\n${definitions.map(it => JSON.stringify(it)).join(',\n')}\n]\n`;
}

/** JSON with one line for each top-level entry of `values`, so that a change can be read in a diff. */
function lines(content: object): string {
  const entries = Object.entries(content).map(([key, value]) => {
    if (key !== 'values' || Object.keys(value as object).length === 0) return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const rows = Object.entries(value as object).map(([name, shape]) => `  ${JSON.stringify(name)}: ${JSON.stringify(shape)}`);
    return `${JSON.stringify(key)}: {\n${rows.join(',\n')}\n}`;
  });
  return `{\n${entries.join(',\n')}\n}\n`;
}

function main(): void {
  const { values } = parseArgs({ options: { reference: { type: 'string', default: REFERENCE }, others: { type: 'string' } } });
  if (!existsSync(values.reference)) throw new Error(`no reference data at ${values.reference}; give its folder by --reference`);
  const files = kubernetesFixtures(values.reference);
  for (const component of new Set(OTHER_CRD_SOURCES.map(source => source.fixture.replace('crds/', '')))) {
    const path = `test/fixtures/crds/${component}.json.gz`;
    files.set(path, values.others === undefined
      ? gunzipSync(readFileSync(join(ROOT, path))).toString('utf8')
      : JSON.stringify(compactDefinitions(join(values.others, component))));
  }
  for (const { fixture } of values.others === undefined ? [] : LIBRARY_DEFINITION_SOURCES) {
    const definitions = compactDefinitions(join(values.others ?? '', fixture.replace('definitions/', '')));
    files.set(`lib/cluster/manifests/${fixture}.json`, definitionLines(definitions));
  }
  for (const folder of ['test/fixtures/crds', 'test/fixtures/charts', 'lib/cluster/private/chart-values']) {
    rmSync(join(ROOT, folder), { recursive: true, force: true });
  }
  let bytes = 0;
  for (const [path, text] of files) {
    const file = join(ROOT, path);
    mkdirSync(dirname(file), { recursive: true });
    const content = path.endsWith('.gz') ? gzipSync(text, { level: 9 }) : Buffer.from(text);
    writeFileSync(file, content);
    bytes += content.length;
  }
  process.stdout.write(`${files.size} files, ${Math.round(bytes / 1024)} KiB\n`);
}

if (require.main === module) main();
