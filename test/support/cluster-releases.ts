import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';

/** A Helm release as the EKS handler gets to see it. */
export interface PlannedRelease {
  /** Path of the construct that makes it, from `aws:cdk:path`. */
  readonly path: string;
  readonly release: string;
  readonly namespace: string;
  /** Folder of a chart that the library generated. */
  readonly folder?: string;
  /** Chart that Helm pulls: the last part of its repository or its name. */
  readonly chart?: string;
  readonly values: object;
  /** Flags of the handler's helm command, but for the timeout. */
  readonly flags: readonly string[];
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Metadata?: Readonly<Record<string, string>>;
}

/** The Helm releases of an app in an order in which CloudFormation may make them; it deletes them in the reverse. */
export function releasesInOrder(app: App): PlannedRelease[] {
  const assembly = app.synth();
  return assembly.stacks.flatMap((stack) => {
    const resources = (stack.template as { Resources: Record<string, Resource> }).Resources;
    return inOrder(resources).map(id => resources[id]).filter(it => it.Type === 'Custom::AWSCDK-EKS-HelmChart')
      .map(it => plannedRelease(assembly.directory, it));
  });
}

/** Logical ids, each after everything that it refers to or depends on. */
function inOrder(resources: Readonly<Record<string, Resource>>): string[] {
  const done = new Set<string>();
  const visit = (id: string): void => {
    if (done.has(id)) return;
    for (const other of referencesOf(resources[id])) if (other in resources && other !== id) visit(other);
    done.add(id);
  };
  // from the last to the first, so that only what the template says decides, not how it happens to be written
  Object.keys(resources).reverse().forEach(visit);
  return [...done];
}

function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (key === 'Ref') return [String(item)];
    if (key === 'Fn::GetAtt') return [String((item as unknown[])[0])];
    if (key === 'DependsOn') return ([] as string[]).concat(item as string[]);
    return referencesOf(item);
  });
}

function plannedRelease(assembly: string, { Properties: it, Metadata }: Resource): PlannedRelease {
  const hash = /([0-9a-f]{64})\.zip/.exec(JSON.stringify(it.ChartAssetURL ?? ''))?.[1];
  const folder = hash === undefined ? undefined : join(assembly, `asset.${hash}`);
  if (folder !== undefined && !existsSync(join(folder, 'Chart.yaml'))) throw new Error(`${String(it.Release)}: there is no chart in ${folder}`);
  const repository = typeof it.Repository === 'string' && it.Repository.startsWith('oci://') ? it.Repository.split('/').pop() : undefined;
  return {
    path: (Metadata?.['aws:cdk:path'] ?? '').replace(/(\/Resource)+(\/Default)?$/, ''),
    release: String(it.Release),
    namespace: String(it.Namespace),
    ...folder === undefined ? { chart: repository ?? String(it.Chart) } : { folder },
    values: it.Values === undefined ? {} : JSON.parse(String(it.Values)) as object,
    // https://github.com/aws/aws-cdk: kubectl-handler/helm of aws-eks-v2, which does not pass on SkipCrds
    flags: [
      ...it.CreateNamespace === true ? ['--create-namespace'] : [], ...it.Wait === true ? ['--wait'] : [],
      ...it.Atomic === true ? ['--atomic'] : [],
    ],
  };
}
