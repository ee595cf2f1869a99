import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { IMlCluster } from '../cluster/interfaces';
import type { IInternalLoadBalancer, IInternalService } from '../network/interfaces';

/** A service that answers with the model that production believes in. */
export interface IModelService extends IInternalService {
  /** Name of the model, as in `/v2/models/<name>/infer`. */
  readonly modelName: string;
  /** Address of the Open Inference Protocol for this model. */
  readonly inferenceUrl: string;
}

/** A model service that exists. */
export interface FargateModelServiceAttributes {
  /** Name of the model. */
  readonly modelName: string;
  /** Address of the service, for example `http://fraud.ml.internal`. */
  readonly url: string;
  /** Security group of the tasks. */
  readonly securityGroup: ec2.ISecurityGroup;
  /**
   * Load balancer that the service stands behind, so that `connections` can let callers in.
   *
   * @default - callers are let in by somebody else
   */
  readonly loadBalancer?: IInternalLoadBalancer;
  /**
   * Role of the tasks.
   *
   * @default - rights are given by somebody else
   */
  readonly taskRole?: iam.IRole;
}

/** The way into the cluster for callers of models: TLS, authentication, and a path for each model. */
export interface IInferenceGateway extends IConstruct, ec2.IConnectable {
  /** The cluster that it stands in. */
  readonly cluster: IMlCluster;
  /** Name of the Gateway: routes name it in `parentRefs`. */
  readonly gatewayName: string;
  /** Namespace of the Gateway. */
  readonly namespace: string;
  /** Namespace of the Envoy proxies: network policies of services let it in. */
  readonly proxyNamespace: string;
  /** Host name that callers use. */
  readonly address: string;
  /** Address without a slash at the end, for example `https://llm.example.com`. Service `chat` answers at `<url>/chat/v1`. */
  readonly url: string;
}

/** A gateway that exists. */
export interface InferenceGatewayAttributes {
  /** The cluster that it stands in. */
  readonly cluster: IMlCluster;
  /** Name of the Gateway. */
  readonly gatewayName: string;
  /** Namespace of the Gateway; its listener takes routes of the services' namespaces. */
  readonly namespace: string;
  /** Host name that callers use. */
  readonly address: string;
  /**
   * Namespace of the proxies.
   *
   * @default - the namespace of the Gateway
   */
  readonly proxyNamespace?: string;
  /**
   * Security group of the load balancer in front of it, so that `connections` can let callers in.
   *
   * @default - callers are let in by somebody else
   */
  readonly securityGroup?: ec2.ISecurityGroup;
}
