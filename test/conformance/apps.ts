import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';

const ROOT = join(__dirname, '../..');

/** Every app of stacks/ and examples/: a folder with an app.ts that exports its `app`. */
export function apps(): [string, App][] {
  return ['stacks', 'examples'].filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry): [string, App] => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { app } = require(join(ROOT, folder, entry.name, 'app')) as { app?: App };
      if (app === undefined) throw new Error(`${folder}/${entry.name}/app.ts does not export its app`);
      return [`${folder}/${entry.name}`, app];
    }));
}
