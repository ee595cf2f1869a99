import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
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
