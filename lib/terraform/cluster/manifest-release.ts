import { mkdirSync, rmSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import type { Duration } from 'aws-cdk-lib';
import type { Chart } from 'cdk8s';
import { Fn, TerraformResource, type ITerraformDependable, type TerraformProvider } from 'cdktn';
import { Construct } from 'constructs';
import { chartFolder, type ChartFolder } from '../../cluster/manifests/chart-folder';
import { namespaceOf, readChart, RELEASE_NAME, releaseNameOf } from '../../cluster/manifests/release';
import { checkLiteral, checkText, DNS_LABEL } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { adoptStack } from '../private/adopt-stack';
import { asHcl, HELM } from '../private/helm';
import { onSynthesize } from '../private/synthesis';
import { timeoutSeconds } from '../private/timeout-seconds';

const FOLDER = 'manifests';

/** Properties of a release of Kubernetes objects. */
export interface ManifestReleaseProps {
  /**
   * The objects. They are read when this construct is made: add them first. Values of other Terraform resources in them
   * become values of the Helm chart.
   */
  readonly chart: Chart;
  /**
   * Name of the Helm release, at most 53 characters.
   *
   * @default - made from the construct's path, as in the AWS CDK
   */
  readonly releaseName?: string;
  /**
   * Namespace that Helm keeps the release in, and of objects that name none. It is made if it is missing.
   *
   * @default - the chart's namespace, else `default`
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
   * @default Duration.minutes(10)
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

  private readonly chart: ChartFolder;

  constructor(scope: Construct, id: string, props: ManifestReleaseProps) {
    const faults = Faults.of(scope, id);
    const releaseName = props.releaseName ?? releaseNameOf(faults.path);
    const { namespace, chart, timeout, objects } = decide(faults, props);
    super(scope, id);
    adoptStack(this);
    this.chart = chart;
    this.releaseName = releaseName;
    this.resource = new HelmRelease(this, 'Resource', props, {
      name: releaseName,
      namespace,
      create_namespace: true,
      values: chart.values.length === 0 ? undefined : [Fn.jsonencode(Object.fromEntries(chart.values.map(({ name, token }) => [name, token])))],
      // a failed update leaves what ran before
      atomic: props.wait ?? false,
      wait: props.wait ?? false,
      timeout,
      max_history: 5,
    }, (resource) => `\${path.module}/${this.path(resource)}`);
    onSynthesize(this, (folder) => this.write(folder));
    this.refuseLaterObjects(props.chart, JSON.stringify(objects));
  }

  /** A new folder for each content: Terraform compares the path, not what lies in it. */
  private path(resource: TerraformResource): string {
    return `${FOLDER}/${resource.friendlyUniqueId}/${this.chart.version.replace(/^.*\+/, '')}`;
  }

  private write(folder: string): void {
    rmSync(join(folder, FOLDER, this.resource.friendlyUniqueId), { recursive: true, force: true });
    for (const [path, text] of Object.entries(this.chart.files)) {
      const target = join(folder, this.path(this.resource), path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }

  private refuseLaterObjects(chart: Chart, before: string): void {
    this.node.addValidation({
      validate: () => JSON.stringify(readChart(chart, this.node.path)) === before
        ? []
        : [`chart ${chart.node.path} was changed after it was delivered; add and change its objects before`],
    });
  }
}

class HelmRelease extends TerraformResource {
  /** @param chart gives the chart's path, which depends on the resource's own id */
  constructor(
    scope: Construct,
    id: string,
    { dependsOn, provider }: ManifestReleaseProps,
    private readonly release: { [name: string]: unknown },
    private readonly chart: (resource: TerraformResource) => string,
  ) {
    super(scope, id, { terraformResourceType: 'helm_release', terraformGeneratorMetadata: HELM, dependsOn, provider });
  }

  /** @internal */
  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { ...this.release, chart: this.chart(this) };
  }

  /** @internal */
  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    return asHcl(this.synthesizeAttributes());
  }
}

/** Everything that is checked, before the construct exists. */
function decide(faults: Faults, { releaseName, namespace, wait, timeout, chart }: ManifestReleaseProps) {
  checkLiteral(faults, 'releaseName', releaseName);
  checkText(faults, 'releaseName', releaseName, RELEASE_NAME);
  checkLiteral(faults, 'namespace', namespace);
  checkText(faults, 'namespace', namespace, DNS_LABEL);
  checkLiteral(faults, 'wait', wait);
  const seconds = timeoutSeconds(faults, timeout);
  const objects = faults.collect(() => readChart(chart, faults.path)) ?? [];
  const folder = faults.collect(() => chartFolder('manifests', objects)) ?? { name: 'manifests', version: '', files: {}, values: [] };
  faults.throwIfAny();
  return { namespace: namespace ?? namespaceOf(chart, objects), timeout: seconds, objects, chart: folder };
}
