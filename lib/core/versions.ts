import { fail } from './private/faults';
import { PLATFORM_SETS, type PlatformSet } from './private/platform-sets';
import { suggest } from './private/suggest';

/** A Helm chart in one exact version. */
export interface ChartVersion {
  /** Name of the chart inside its repository. */
  readonly chart: string;
  /** Address of the chart's repository: `oci://...` including the chart's name, or an `https://...` index. */
  readonly repository: string;
  /** Exact chart version, never a range. */
  readonly version: string;
  /** Kubernetes versions that upstream states as supported, as a semantic version range. */
  readonly kubernetes: string;
}

/**
 * One named set of everything that the platform installs by version: Kubernetes, EKS add-ons, charts, images.
 *
 * A user pins a set. Updating the npm package never changes what a set holds; newer versions come as a new set.
 */
export class PlatformVersion {
  /** The set of November 2026: Kubernetes 1.35. */
  static readonly V2026_11 = new PlatformVersion('2026-11', PLATFORM_SETS['2026-11'] as PlatformSet);

  /** Every set, oldest first. */
  static all(): PlatformVersion[] {
    return [PlatformVersion.V2026_11];
  }

  /** Name of the set, for example `2026-11`. */
  readonly name: string;
  /** Kubernetes minor version, for example `1.35`. */
  readonly kubernetesVersion: string;
  private readonly contents: PlatformSet;

  private constructor(name: string, contents: PlatformSet) {
    this.name = name;
    this.contents = contents;
    this.kubernetesVersion = contents.kubernetes;
  }

  /**
   * The pinned version of a Helm chart.
   *
   * @param name name of the chart, for example `cert-manager`
   * @throws a ValidationError [unknown-chart] that lists what the set holds
   */
  chart(name: string): ChartVersion {
    const chart = this.contents.charts[name] ?? this.unknown('chart', name, Object.keys(this.contents.charts));
    return { ...chart };
  }

  /**
   * The pinned version of an EKS add-on, for example `v1.3.10-eksbuild.2`.
   *
   * @param name name of the add-on, for example `eks-pod-identity-agent`
   * @throws a ValidationError [unknown-add-on] that lists what the set holds
   */
  addOn(name: string): string {
    return this.contents.addOns[name] ?? this.unknown('add-on', name, Object.keys(this.contents.addOns));
  }

  /**
   * The images that a chart runs with the library's values, for copying into a mirror: `registry/repository:tag`.
   *
   * @param chartName name of the chart, for example `cert-manager`
   * @returns an empty list where the set does not know the chart's images
   * @throws a ValidationError [unknown-chart] that lists what the set holds
   */
  images(chartName: string): string[] {
    const { version } = this.chart(chartName);
    return (this.contents.images[chartName] ?? []).map((image) => (image.includes(':') ? image : `${image}:${version}`));
  }

  /**
   * The pinned image that the library's own pods run, `registry/repository:tag`.
   *
   * @param name what it is, for example `vllm`
   * @throws a ValidationError [unknown-image] that lists what the set holds
   */
  container(name: string): string {
    return this.contents.containers[name] ?? this.unknown('image', name, Object.keys(this.contents.containers));
  }

  /**
   * The pinned release of the image that nodes boot from, for example `v20260903`.
   *
   * @param family `al2023` or `bottlerocket`, as in Karpenter's aliases
   * @throws a ValidationError [unknown-node-image] that lists what the set holds
   */
  nodeImage(family: string): string {
    return this.contents.nodeImages[family] ?? this.unknown('node-image', family, Object.keys(this.contents.nodeImages));
  }

  /** Names of the charts that the set holds. */
  chartNames(): string[] {
    return Object.keys(this.contents.charts);
  }

  /** Names of the EKS add-ons that the set holds. */
  addOnNames(): string[] {
    return Object.keys(this.contents.addOns);
  }

  private unknown(kind: string, name: string, known: string[]): never {
    const near = suggest(name, known);
    const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
    return fail(`PlatformVersion ${this.name}`, `unknown-${kind}`,
      `${kind} '${name}' is not in platform version ${this.name}${hint}; it holds ${known.join(', ')}`);
  }
}
