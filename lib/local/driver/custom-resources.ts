import * as fs from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PROJECT } from './surroundings';
import type { KubernetesObject } from '../kubernetes/kubernetes-client';

/** Custom resource definitions of the charts that the platform installs; in the repository only, not in the package. */
const DEFINITIONS = path.join(PROJECT, 'test', 'fixtures', 'crds');

/**
 * The definitions that an assembly's own charts need. On AWS the charts of the add-ons bring them; here those charts, which
 * come from registries, are not installed.
 */
export function definitionsFor(assembly: string): KubernetesObject[] {
  const groups = groupsOf(assembly);
  const files = fs.existsSync(DEFINITIONS) ? fs.readdirSync(DEFINITIONS).filter(name => name.endsWith('.json.gz')).sort() : [];
  return files.flatMap(name => {
    const definitions: Array<KubernetesObject & { spec: { group: string } }> =
      JSON.parse(gunzipSync(fs.readFileSync(path.join(DEFINITIONS, name))).toString('utf8'));
    return definitions.filter(definition => groups.has(definition.spec.group));
  });
}

/** API groups that the generated charts of an assembly name. */
function groupsOf(assembly: string): Set<string> {
  const groups = new Set<string>();
  for (const asset of fs.readdirSync(assembly).filter(name => name.startsWith('asset.'))) {
    const templates = path.join(assembly, asset, 'templates');
    if (!fs.existsSync(templates)) continue;
    for (const file of fs.readdirSync(templates)) {
      const text = fs.readFileSync(path.join(templates, file), 'utf8');
      for (const [, group] of text.matchAll(/"?apiVersion"?:\s*"?([a-z0-9.-]+)\/v/g)) groups.add(group);
    }
  }
  return groups;
}
