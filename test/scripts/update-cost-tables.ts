/**
 * Writes the cost at rest of each reference platform into its README.
 *
 *     npx tsx test/scripts/update-cost-tables.ts
 */
import { writeFileSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { featuresPlatform } from '../../stacks/features/features';
import { referencePlatform } from '../../stacks/reference/reference';
import { starterPlatform } from '../../stacks/starter/starter';
import { costOfApp, costTable, monthlyOf, withTable } from '../support/cost-table';

process.env.CDK_VALIDATION = 'false';

const PLATFORMS: Record<string, (app: App) => unknown> = { starter: starterPlatform, features: featuresPlatform, reference: referencePlatform };

for (const [name, build] of Object.entries(PLATFORMS)) {
  const app = new App();
  build(app);
  const costs = costOfApp(app);
  const readme = join(__dirname, '../../stacks', name, 'README.md');
  writeFileSync(readme, withTable(readme, costTable(costs)));
  console.log(`${name}: ${monthlyOf(costs).toFixed(2)} USD a month at rest`);
}
