import { createHash } from 'crypto';
import { gzipSync } from 'zlib';
import { TemplateWriter, type DeployTimeValue } from './deploy-time-values';
import { describeObject, identityOf, keyOf, type KubernetesObject } from './kubernetes-object';
import { show } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Kubernetes refuses a Secret above 1 MiB; Helm keeps each release in one. https://helm.sh/docs/topics/advanced/#storage-backends */
const RELEASE_LIMIT = 1024 * 1024;

/** A generated local Helm chart: the same folder for S3 assets, `helm install`, Terraform's helm_release and tests. */
export interface ChartFolder {
  /** Name in Chart.yaml. */
  readonly name: string;
  /** Version in Chart.yaml; it carries a hash of the contents, so that engines that compare versions see a change. */
  readonly version: string;
  /** Relative path to contents; the same input gives the same bytes. */
  readonly files: Readonly<Record<string, string>>;
  /** What is known only at deploy time: hand these to Helm as values. */
  readonly values: readonly DeployTimeValue[];
}

/**
 * Writes Kubernetes objects as a Helm chart: one JSON document per object, `{{` escaped, each deploy-time token a value.
 *
 * @param name name of the chart
 * @param objects what cdk8s made of a chart (`chart.toJson()`)
 * @throws a ValidationError for objects that Helm or Kubernetes cannot take
 */
export function chartFolder(name: string, objects: readonly KubernetesObject[]): ChartFolder {
  const faults = Faults.at(`chart ${name}`);
  checkObjects(faults, objects);
  faults.throwIfAny();
  const writer = new TemplateWriter(faults);
  const templates: Record<string, string> = {};
  for (const object of objects) {
    const text = writer.write(object, (path) => describeObject(object, path));
    templates[templatePath(object, templates, writer)] = text;
  }
  faults.throwIfAny();
  checkReleaseSize(faults, templates, writer.values);
  faults.throwIfAny();
  const version = `1.0.0+${sha256(JSON.stringify(templates)).slice(0, 16)}`;
  return {
    name,
    version,
    values: writer.values,
    files: {
      'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\ntype: application\ndescription: generated from a cdk8s chart\n`,
      'values.yaml': writer.values.map((value) => `${value.name}: null # ${value.usedAt.replace(/[\r\n]+/g, ' ')}\n`).join('') || '{}\n',
      ...templates,
    },
  };
}

/** Refuses what no delivery can apply: objects without identity, twice the same, a custom resource beside its own definition. */
export function checkObjects(faults: Faults, objects: readonly KubernetesObject[]): void {
  faults.check(objects.length > 0, 'empty-chart', 'the chart has no objects; add one before it is delivered');
  const seen = new Set<string>();
  const defined = new Set<string>();
  objects.forEach((object, index) => {
    for (const property of ['apiVersion', 'kind'] as const) {
      faults.check(typeof object[property] === 'string' && object[property] !== '', 'incomplete-object',
        `${property} of object ${index} is ${show(object[property])}; every object needs apiVersion, kind and metadata.name`);
    }
    const { name } = identityOf(object);
    if (!faults.check(name !== '', 'incomplete-object', `metadata.name of object ${index} (${show(object.kind)}) is missing; every object needs apiVersion, kind and metadata.name`)) return;
    const key = keyOf(object);
    faults.check(!seen.has(key), 'duplicate-object', `${describeObject(object)} is in the chart more than once; keep one of them`);
    seen.add(key);
    const definition = definitionOf(object);
    if (definition !== undefined) defined.add(definition);
  });
  for (const object of objects) {
    const { group, kind } = identityOf(object);
    faults.check(!defined.has(`${group}/${kind}`), 'definition-beside-use',
      `${describeObject(object)} is in one chart with its own CustomResourceDefinition, which is not served yet when Helm sends it; deliver the definition in a chart of its own first`);
  }
}

/** `group/Kind` that a CustomResourceDefinition defines. */
export function definitionOf(object: KubernetesObject): string | undefined {
  if (object.kind !== 'CustomResourceDefinition') return undefined;
  const spec = object.spec as { group?: unknown; names?: { kind?: unknown } } | undefined;
  return spec === undefined ? undefined : `${String(spec.group)}/${String(spec.names?.kind)}`;
}

function templatePath(object: KubernetesObject, taken: Record<string, string>, writer: TemplateWriter): string {
  const { group, kind, namespace, name } = identityOf(object);
  let text = [kind, namespace, name].filter((part) => part !== '').join('-');
  // token numbers depend on what else the app made: the value's name does not
  for (const value of writer.values) if (typeof value.token === 'string') text = text.replaceAll(value.token, value.name);
  const safe = text.toLowerCase().replace(/[^a-z0-9.]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 120);
  const path = `templates/${safe}.yaml`;
  return path in taken ? `templates/${safe}-${sha256([group, kind, namespace, text].join('|')).slice(0, 8)}.yaml` : path;
}

function checkReleaseSize(faults: Faults, templates: Record<string, string>, values: readonly DeployTimeValue[]): void {
  const chart = Object.entries(templates).map(([name, data]) => ({ name, data: Buffer.from(data).toString('base64') }));
  const release = JSON.stringify({ chart, manifest: Object.values(templates).join('---\n'), values });
  const bytes = Math.ceil(gzipSync(release).length / 3) * 4;
  faults.check(bytes <= RELEASE_LIMIT, 'release-too-large',
    `the chart needs about ${Math.ceil(bytes / 1024)} KiB in Helm's release record, which holds ${RELEASE_LIMIT / 1024} KiB; split its objects over several charts`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
