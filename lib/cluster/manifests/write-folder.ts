import { mkdirSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import type { ChartFolder } from './chart-folder';

/**
 * Writes a chart below a folder, under a name that its contents decide, so that nothing is ever overwritten with other bytes.
 *
 * @param parent absolute path of a folder for generated charts
 * @returns the chart's own folder: what `helm install` takes
 */
export function writeChart(parent: string, chart: ChartFolder): string {
  const directory = join(parent, `${chart.name}-${chart.version.split('+')[1]}`);
  for (const [path, contents] of Object.entries(chart.files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents);
  }
  return directory;
}
