import { TerraformProvider } from 'cdktn';
import type { Construct } from 'constructs';
import type { ClusterAccess } from './cluster-access';
import { adoptStack } from '../private/adopt-stack';
import { asHcl, HELM } from '../private/helm';

/** Properties of the helm provider. */
export interface HelmProviderProps {
  /** How Helm reaches the cluster. */
  readonly access: ClusterAccess;
  /**
   * Name by which releases choose this provider, where a stack has more than one cluster.
   *
   * @default - the provider of all releases that name none
   */
  readonly alias?: string;
}

/**
 * The helm provider of Terraform, version 3.1 or later. One is needed in each stack that has a `ManifestRelease`.
 *
 * @see https://registry.terraform.io/providers/hashicorp/helm/latest/docs
 */
export class HelmProvider extends TerraformProvider {
  private readonly props: HelmProviderProps;

  constructor(scope: Construct, id: string, props: HelmProviderProps) {
    super(scope, id, { terraformResourceType: HELM.providerName, terraformProviderSource: 'hashicorp/helm', terraformGeneratorMetadata: HELM });
    adoptStack(this);
    this.props = props;
  }

  /** Name by which releases choose this provider. */
  override get alias(): string | undefined {
    return this.props?.alias;
  }

  /** @internal */
  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { alias: this.alias, kubernetes: this.props.access._bind() };
  }

  /** @internal */
  protected override synthesizeHclAttributes(): { [name: string]: unknown } {
    return asHcl(this.synthesizeAttributes());
  }
}
