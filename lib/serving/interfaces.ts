import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { InferenceProtocol } from './blueprint/model-format';
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

/** A key of a Kubernetes Secret. The library reads no secret: it names it to the pods. */
export interface KubernetesSecretKey {
  /** Name of the Secret, in the namespace of the pods. */
  readonly secretName: string;
  /** Key in the Secret. */
  readonly key: string;
}

/** A namespace that models run in. */
export interface IModelNamespace extends IConstruct {
  /** The cluster that it is in. */
  readonly cluster: IMlCluster;
  /** Name of the namespace. */
  readonly namespaceName: string;
}

/** A namespace for models that exists. */
export interface ModelNamespaceAttributes {
  /** The cluster that it is in. */
  readonly cluster: IMlCluster;
  /** Name of the namespace, a DNS label. */
  readonly namespaceName: string;
}

/** A language model that answers OpenAI's API inside of a cluster. */
export interface ILlmService extends IConstruct {
  /** The cluster that it runs in. */
  readonly cluster: IMlCluster;
  /** Namespace of its pods. */
  readonly namespaceName: string;
  /** Name of the Kubernetes Service that answers. */
  readonly kubernetesServiceName: string;
  /** Port of that Service. */
  readonly port: number;
  /** Name of the model in requests: the value of `model`. */
  readonly modelName: string;
  /** Base address for OpenAI clients inside of the cluster, such as `http://chat.models.svc.cluster.local:8000/v1`. */
  readonly url: string;
  /**
   * Lets the pods of one more namespace call the service. Callers of a service that the library did not make are let in by
   * whoever made it.
   *
   * @param namespaceName the callers' namespace
   */
  addCaller(namespaceName: string): void;
}

/** A language model that is served already. */
export interface LlmServiceAttributes {
  /** The cluster that it runs in. */
  readonly cluster: IMlCluster;
  /** Name of the Kubernetes Service that answers. */
  readonly kubernetesServiceName: string;
  /** Name of the model in requests. */
  readonly modelName: string;
  /**
   * Namespace of the Service.
   *
   * @default 'models'
   */
  readonly namespaceName?: string;
  /**
   * Port of the Service.
   *
   * @default 8000
   */
  readonly port?: number;
  /**
   * Whether the Service speaks TLS.
   *
   * @default false
   */
  readonly tls?: boolean;
}

/** A model that answers inside of a cluster. */
export interface IClusterModelService extends IConstruct {
  /** The cluster that it runs in. */
  readonly cluster: IMlCluster;
  /** Namespace of its pods. */
  readonly namespaceName: string;
  /** Name of the Kubernetes Service that answers. */
  readonly kubernetesServiceName: string;
  /** Port of that Service. */
  readonly port: number;
  /** Name of the model in requests. */
  readonly modelName: string;
  /** REST protocol that it speaks; undefined where it has an API of its own. */
  readonly protocol?: InferenceProtocol;
  /** Address inside of the cluster, such as `http://fraud-predictor.models.svc.cluster.local`. */
  readonly url: string;
  /** Address that requests are sent to inside of the cluster: that of the model in the service's protocol. */
  readonly inferenceUrl: string;
  /**
   * Lets the pods of one more namespace call the service. Callers of a service that the library did not make are let in by
   * whoever made it.
   *
   * @param namespaceName the callers' namespace
   */
  addCaller(namespaceName: string): void;
}

/** A model that is served in a cluster already. */
export interface ClusterModelServiceAttributes {
  /** The cluster that it runs in. */
  readonly cluster: IMlCluster;
  /** Name of the Kubernetes Service that answers, for example `fraud-predictor`. */
  readonly kubernetesServiceName: string;
  /** Name of the model in requests. */
  readonly modelName: string;
  /**
   * Namespace of the Service.
   *
   * @default 'models'
   */
  readonly namespaceName?: string;
  /**
   * Port of the Service.
   *
   * @default 80
   */
  readonly port?: number;
  /**
   * REST protocol that it speaks.
   *
   * @default - an API of its own
   */
  readonly protocol?: InferenceProtocol;
}
