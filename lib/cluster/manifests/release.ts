import type { Chart } from 'cdk8s';
import type { KubernetesObject } from './kubernetes-object';
import type { TextRule } from '../../core/private/checks';
import { fail } from '../../core/private/faults';
import { stableHash } from '../../core/private/stable-hash';

/** Helm keeps names of releases in labels, with a suffix. https://helm.sh/docs/chart_template_guide/builtin_objects/ */
export const RELEASE_NAME: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/,
  allowed: '1 to 53 lower-case letters, digits or hyphens, starting and ending with a letter or digit',
};

/** A release name from a construct's path: readable, stable, unique, the same in every engine. */
export function releaseNameOf(path: string): string {
  const hash = stableHash(path).toString(16).padStart(8, '0');
  const parts = path.split('/').filter((part) => part !== '' && part !== 'Default' && part !== 'Resource');
  const words = parts.join('-').replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  const short = words.length <= 44 ? words : words.slice(words.length - 44).replace(/^-+/, '');
  return short === '' ? hash : `${short}-${hash}`;
}

/** The objects of a chart; what cdk8s cannot write out is a fault of the input. */
export function readChart(chart: Chart, path: string): KubernetesObject[] {
  try {
    return chart.toJson() as KubernetesObject[];
  } catch (error) {
    return fail(path, 'unreadable-chart', `the chart cannot be written out: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The release is kept in the chart's namespace, unless the chart itself makes that one. */
export function namespaceOf(chart: Chart, objects: readonly KubernetesObject[]): string {
  const own = objects.some((it) => it.kind === 'Namespace' && (it.metadata as { name?: string } | undefined)?.name === chart.namespace);
  return own ? 'default' : chart.namespace ?? 'default';
}
