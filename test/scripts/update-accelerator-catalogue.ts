/**
 * Writes the catalogue of AWS accelerated instances and of language models from a folder of reference data.
 *
 *     npx tsx test/scripts/update-accelerator-catalogue.ts [--reference ../shared/reference]
 *
 * Output: `lib/accelerators/private/catalogue/{instances,prices,models}.json` and `SOURCES.md`: facts, one line for each entry.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { instanceRows, priceRows, type ReferenceInstance, type ReferenceInstanceSources } from './accelerators/instances';
import { modelRows, type ReferenceModel, type ReferenceModelSources } from './accelerators/models';
import { sourcesPage } from './accelerators/sources-page';

const ROOT = resolve(__dirname, '../..');
const CATALOGUE = 'lib/accelerators/private/catalogue';
/** Where the folder of reference data usually lies, beside the project. */
export const REFERENCE = resolve(ROOT, '../shared/reference');

/** Every generated file: its path in the project and its text. */
export function acceleratorCatalogue(reference: string): Map<string, string> {
  const [instanceSources, ...instances] = read(reference, 'ec2-accelerated-instances.json') as [ReferenceInstanceSources, ...ReferenceInstance[]];
  const { _source: modelSources, ...models } = read(reference, 'llm-architectures.json') as Record<string, ReferenceModel> & ReferenceModelSources;
  return new Map([
    [`${CATALOGUE}/instances.json`, lines(instanceRows(instances))],
    [`${CATALOGUE}/prices.json`, lines(priceRows(instances, instanceSources._source.priceDate))],
    [`${CATALOGUE}/models.json`, lines(modelRows(models as Record<string, ReferenceModel>))],
    [`${CATALOGUE}/SOURCES.md`, sourcesPage(instanceSources._source, modelSources)],
  ]);
}

function read(reference: string, name: string): unknown {
  return JSON.parse(readFileSync(join(reference, name), 'utf8'));
}

/** JSON with one line for each entry, so that a change can be read in a diff. */
function lines(entries: object): string {
  return `{\n${Object.entries(entries).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n')}\n}\n`;
}

function main(): void {
  const { values } = parseArgs({ options: { reference: { type: 'string', default: REFERENCE } } });
  if (!existsSync(values.reference)) throw new Error(`no reference data at ${values.reference}; give its folder by --reference`);
  const files = acceleratorCatalogue(values.reference);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
  process.stdout.write(`${files.size} files, ${Math.round([...files.values()].join('').length / 1024)} KiB\n`);
}

if (require.main === module) main();
