import { mkdirSync, rmSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import type { Duration } from 'aws-cdk-lib';
import type { Chart } from 'cdk8s';
import { Fn, TerraformResource, type ITerraformDependable, type TerraformProvider } from 'cdktn';
import { Construct } from 'constructs';
import { chartFolder, type ChartFolder } from '../../cluster/manifests/chart-folder';
import { checkInteger, checkLiteral, checkText, DNS_LABEL } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { adoptStack } from '../private/adopt-stack';
import { asHcl, HELM } from '../private/helm';
import { onSynthesize } from '../private/synthesis';

/** Helm refuses longer names. https://helm.sh/docs/chart_template_guide/getting_started/ */
const RELEASE_NAME = { pattern: /^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/, allowed: '1 to 53 lower-case letters, digits or hyphens, starting and ending with a letter or digit' };
const FOLDER = 'manifests';

/** Properties of a release of Kubernetes objects. */
export interface ManifestReleaseProps {
  /** The objects. They may hold values of other Terraform resources: those become values of the Helm chart. */
  readonly chart: Chart;
  /**
   * Name of the Helm release, at most 53 characters.
   *
   * @default - from the construct's id
   */
  readonly releaseName?: string;
  /**
   * Namespace that Helm keeps the release in, and of objects that name none. It is made if it is missing.
   *
   * @default 'default'
   */
  readonly namespace?: string;
  /**
   * Wait until the objects are ready. For controllers; pods on GPUs take longer to start than any sensible timeout.
   *
   * @default false
   */
  readonly wait?: boolean;
  /**
   * How long Helm may take, 1 second to 1 hour.
   *
   * @default Duration.minutes(5)
   */
  readonly timeout?: Duration;
  /**
   * What has to be there first, such as the release of the controller whose webhook sees these objects.
   *
   * @default - the stack's order
   */
  readonly dependsOn?: ITerraformDependable[];
  /**
   * Helm provider of the cluster, where a stack has more than one.
   *
   * @default - the stack's helm provider without alias
   */
  readonly provider?: TerraformProvider;
}

/**
 * Kubernetes objects of a cdk8s chart, delivered by `helm_release`: the same generated Helm chart as in the AWS CDK, so
 * removed objects are deleted. It lies beside the program, in a folder whose name changes with its contents.
 *
 * @see https://registry.terraform.io/providers/hashicorp/helm/latest/docs/resources/release
 */
export class ManifestRelease extends Construct {
  /** The `helm_release`, for `dependsOn` of other releases. */
  readonly resource: TerraformResource;
  /** Name of the Helm release. */
  readonly releaseName: string;

  private readonly chart: Chart;

  constructor(scope: Construct, id: string, props: ManifestReleaseProps) {
    const releaseName = props.releaseName ?? releaseNameOf(id);
    const timeoutSeconds = check(Faults.of(scope, id), releaseName, props);
    super(scope, id);
    adoptStack(this);
    this.chart = props.chart;
    this.releaseName = releaseName;
    this.resource = new HelmRelease(this, 'Resource', props, () => ({
      ...this.delivered(),
      name: releaseName,
      namespace: props.namespace ?? 'default',
      create_namespace: true,
      // a failed update leaves what ran before
      atomic: props.wait ?? false,
      wait: props.wait ?? false,
      timeout: timeoutSeconds,
      max_history: 5,
    }));
    onSynthesize(this, (folder) => this.write(folder));
  }

  /** Made at synthesis, when the user has added every object. */
  private folder(): ChartFolder {
    return chartFolder(this.releaseName, this.chart.toJson() as Record<string, unknown>[]);
  }

  /** A new folder for each content: Terraform compares the path, not what lies in it. */
  private path({ version }: ChartFolder): string {
    return `${FOLDER}/${this.resource.friendlyUniqueId}/${version.replace(/^.*\+/, '')}`;
  }

  private delivered(): { chart: string; values?: string[] } {
    const folder = this.folder();
    const chart = `\${path.module}/${this.path(folder)}`;
    if (folder.values.length === 0) return { chart };
    return { chart, values: [Fn.jsonencode(Object.fromEntries(folder.values.map(({ name, token }) => [name, token])))] };
  }

  private write(folder: string): void {
    const chart = this.folder();
    rmSync(join(folder, FOLDER, this.resource.friendlyUniqueId), { recursive: true, force: true });
    for (const [path, text] of Object.entries(chart.files)) {
      const target = join(folder, this.path(chart), path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }
}

class HelmRelease extends TerraformResource {
  /** @param release arguments, asked for at each synthesis: a Lazy would wrap our errors into its own */
  constructor(scope: Construct, id: string, { dependsOn, provider }: ManifestReleaseProps, private readonly release: () => { [name: string]: unknown }) {
    super(scope, id, { terraformResourceType: 'helm_release', terraformGeneratorMetadata: HELM, dependsOn, provider });
  }

  /** @internal */
  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return this.release();
  }

  /** @internal */
  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    return asHcl(this.release());
  }
}

/** Throws for wrong input; gives the timeout in seconds. */
function check(faults: Faults, releaseName: string, { namespace, wait, timeout }: ManifestReleaseProps): number {
  checkLiteral(faults, 'releaseName', releaseName);
  checkText(faults, 'releaseName', releaseName, RELEASE_NAME);
  checkLiteral(faults, 'namespace', namespace);
  checkText(faults, 'namespace', namespace, DNS_LABEL);
  checkLiteral(faults, 'wait', wait);
  const seconds = timeout === undefined ? 300 : timeout.isUnresolved() ? NaN : timeout.toMilliseconds({ integral: false }) / 1000;
  checkInteger(faults, 'timeout', seconds, { min: 1, max: 3600, unit: 'seconds' });
  faults.throwIfAny();
  return seconds;
}

/** `FraudModel` as a release name: `fraud-model`. */
function releaseNameOf(id: string): string {
  return id.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase();
}
