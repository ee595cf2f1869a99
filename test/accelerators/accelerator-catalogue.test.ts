import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AcceleratedInstance, LlmModel } from '../../lib/accelerators';
import { CARDS } from '../../lib/accelerators/private/cards';
import { INSTANCES, MODEL_ALIASES, MODELS, PRICES } from '../../lib/accelerators/private/catalogue';
import { acceleratorCatalogue, REFERENCE } from '../scripts/update-accelerator-catalogue';

const ROOT = join(__dirname, '../..');

test('every card of an instance type is described', () => {
  const cards = new Set([...INSTANCES.values()].filter(({ kind }) => kind === 'gpu').map(({ accelerator }) => accelerator));
  expect([...cards].sort()).toEqual(Object.keys(CARDS).sort());
});

test('MIG profiles are listed for a memory size that a card really has', () => {
  const sizes = new Set([...INSTANCES.values()].map(({ accelerator, memoryMiB }) => `${accelerator} ${memoryMiB}`));
  const listed = Object.entries(CARDS).flatMap(([card, { migProfiles = {} }]) => Object.keys(migProfiles).map((memory) => `${card} ${memory}`));
  expect(listed.length).toBe(9);
  expect(listed.filter((it) => !sizes.has(it))).toEqual([]);
});

test('every price is that of an instance type, and positive', () => {
  const priced = [...PRICES.values()].flatMap(({ usdPerHour }) => Object.entries(usdPerHour));
  expect(priced.length).toBeGreaterThan(80);
  expect(priced.filter(([name, price]) => !INSTANCES.has(name) || !(price > 0))).toEqual([]);
});

test('no model has two entries', () => {
  const ids = [...MODELS.keys(), ...MODEL_ALIASES.keys()];
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(LlmModel.ids().length).toBeGreaterThan(140);
});

test('each layer attends in one way', () => {
  const wrong = [...MODELS].filter(([, { layers, attention }]) => {
    return (attention.full ?? 0) + (attention.sliding ?? 0) + (attention.chunked ?? 0) + (attention.linear ?? 0) !== layers;
  });
  expect(wrong.map(([id]) => id)).toEqual([]);
});

test('the sources are named without a word about how they were read', () => {
  const page = readFileSync(join(ROOT, 'lib/accelerators/private/catalogue/SOURCES.md'), 'utf8');
  expect(page).toContain('https://github.com/aws/karpenter-provider-aws');
  expect(page).not.toMatch(/session|index id|idx|stored/i);
});

test('the catalogue has the instance families that AWS sells for inference', () => {
  const families = new Set(AcceleratedInstance.all().map(({ family }) => family));
  for (const family of ['g4dn', 'g5', 'g6', 'g6e', 'g7e', 'p4d', 'p4de', 'p5', 'p5en', 'p6-b200', 'inf2', 'trn1', 'trn2']) expect(families).toContain(family);
});

/** Beside the project lies the reference data only where the catalogue is maintained. */
const present = existsSync(REFERENCE);
(present ? describe : describe.skip)(`in step with the reference data${present ? '' : ' (skipped: it does not lie beside the project)'}`, () => {
  test('the catalogue is what the script writes today', () => {
    const different = [...acceleratorCatalogue(REFERENCE)].filter(([path, text]) => readFileSync(join(ROOT, path), 'utf8') !== text);
    expect(different.map(([path]) => path)).toEqual([]);
  });
});
