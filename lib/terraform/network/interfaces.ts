import type { IConstruct } from 'constructs';
import type { InterfaceEndpoint } from '../../network/blueprint/interface-endpoint';

/** The network that a platform stands in. */
export interface IMlNetwork extends IConstruct {
  /** Id of the VPC. */
  readonly vpcId: string;
  /** Ids of the subnets with public addresses, one for each zone. */
  readonly publicSubnetIds: string[];
  /** Ids of the subnets where workloads stand, one for each zone. */
  readonly privateSubnetIds: string[];
  /** True if workloads in private subnets reach the internet, so public registries and AWS APIs without an endpoint. */
  readonly routesOut: boolean;
  /** Short names of the services that have an interface endpoint in the VPC, for example `eks` or `ecr.api`. */
  readonly interfaceEndpoints: string[];
}

/** An existing network. */
export interface MlNetworkAttributes {
  /** Id of the VPC. */
  readonly vpcId: string;
  /** Ids of the subnets where workloads stand. */
  readonly privateSubnetIds: string[];
  /**
   * Ids of the subnets with public addresses.
   *
   * @default - none
   */
  readonly publicSubnetIds?: string[];
  /**
   * True if workloads in private subnets reach the internet.
   *
   * @default true
   */
  readonly routesOut?: boolean;
  /**
   * Services that have an interface endpoint in the VPC.
   *
   * @default - none
   */
  readonly interfaceEndpoints?: InterfaceEndpoint[];
}
