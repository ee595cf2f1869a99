import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Chart } from 'cdk8s';
import type { KubernetesOracle } from './kubernetes-oracle';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

const TESTS = join(__dirname, '..');

/** What every room offers as `<topic>-samples.ts`: charts in their smallest, fullest and oddest settings. */
const samples = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => /-samples\.ts$/.test(file) && !file.includes('node_modules')).sort()
  .flatMap((file): [string, Chart][] => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const module = require(join(TESTS, file)) as { samples: () => Record<string, Chart> };
    return Object.entries(module.samples()).map(([name, chart]) => [`${relative(TESTS, join(TESTS, file)).replace(/-samples\.ts$/, '')}: ${name}`, chart]);
  });

export const describeRooms = (oracle: () => KubernetesOracle): void => describe('the objects that the rooms can write', () => {
  test.each(samples)('%s is accepted, strictly and without a warning', async (_, chart) => {
    const objects = chart.toJson() as KubernetesObject[];
    expect(objects.length).toBeGreaterThan(0);
    expect(await oracle().judge(objects)).toEqual({ rejections: [], warnings: [] });
  });

  test('rooms offer samples', () => {
    expect(samples.length).toBeGreaterThan(0);
  });
});
