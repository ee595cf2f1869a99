import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

const FOLDER = join(__dirname, '../fixtures/crds');

/** Names of the components whose custom resources are known, for example `karpenter`. */
export function definedComponents(): string[] {
  return readdirSync(FOLDER).filter(name => name.endsWith('.json.gz')).map(name => name.replace('.json.gz', '')).sort();
}

/** CustomResourceDefinitions of the named components, as upstream publishes them but for prose. @default - of all */
export function customResourceDefinitions(components: readonly string[] = definedComponents()): KubernetesObject[] {
  return components.flatMap(name => JSON.parse(gunzipSync(readFileSync(join(FOLDER, `${name}.json.gz`))).toString('utf8')) as KubernetesObject[]);
}
