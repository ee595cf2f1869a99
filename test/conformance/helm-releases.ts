import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { PlatformVersion } from '../../lib/core/versions';

/** A Helm release as the templates of an app ask the EKS handler for it. */
export interface HelmRelease {
  /** `<stack>/<release>`. */
  readonly name: string;
  readonly release: string;
  readonly namespace: string;
  /** Folder of a chart that the library generated. */
  readonly folder?: string;
  /** Name of a chart that Helm pulls. */
  readonly chart?: string;
  readonly version?: string;
  /** Values, with a text in the place of what is known only at deploy time. */
  readonly values: { readonly [key: string]: unknown };
}

/** Every Helm release that an app makes. */
export function helmReleases(app: App): HelmRelease[] {
  const assembly = app.synth();
  return assembly.stacksRecursively.flatMap((stack) => {
    const resources = Object.values((stack.template as { Resources?: Record<string, Resource> }).Resources ?? {});
    return resources.filter((resource) => resource.Type === 'Custom::AWSCDK-EKS-HelmChart')
      .map(({ Properties }) => releaseOf(stack.stackName, assembly.directory, Properties));
  });
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

function releaseOf(stack: string, assembly: string, properties: Record<string, unknown>): HelmRelease {
  const release = text(properties.Release);
  const asset = /\/([0-9a-f]{64})\.zip/.exec(text(properties.ChartAssetURL ?? ''))?.[1];
  const folder = asset === undefined ? undefined : join(assembly, `asset.${asset}`);
  if (folder !== undefined && !existsSync(join(folder, 'Chart.yaml'))) throw new Error(`${stack}/${release}: there is no chart in ${folder}`);
  return {
    name: `${stack}/${release}`,
    release,
    namespace: text(properties.Namespace),
    folder,
    chart: folder === undefined ? pinnedName(basename(text(properties.Chart ?? properties.Repository))) : undefined,
    version: properties.Version === undefined ? undefined : text(properties.Version),
    values: properties.Values === undefined ? {} : JSON.parse(text(properties.Values)) as Record<string, unknown>,
  };
}

/** CloudFormation's functions as text: what is known only at deploy time becomes `deploy-time`. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['', undefined]] = Object.entries(value);
  if (name === 'Fn::Join' && Array.isArray(argument)) return (argument[1] as unknown[]).map(text).join(String(argument[0]));
  if (name === 'Fn::Sub' && typeof argument === 'string') return argument;
  return deployTime(JSON.stringify(value));
}

/** An id that looks as AWS's do where definitions ask for that. */
function deployTime(reference: string): string {
  if (/SecurityGroup/.test(reference)) return 'sg-0123456789abcdef0';
  return /Subnet/.test(reference) ? 'subnet-0123456789abcdef0' : 'deploy-time';
}

/** The name under which a platform version holds a chart: charts of one project may share a short name. */
function pinnedName(chart: string): string {
  const newest = PlatformVersion.all().at(-1)!;
  return newest.chartNames().find((name) => newest.chart(name).chart === chart) ?? chart;
}
