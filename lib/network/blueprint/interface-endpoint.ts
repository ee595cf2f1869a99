import { show } from '../../core/private/checks';
import { fail } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import { isUnresolved } from '../../core/private/tokens';

/**
 * A service of AWS that gets an interface endpoint in the VPC: traffic to it needs no route out.
 *
 * Each endpoint costs about 7.30 USD a month and Availability Zone (us-east-1), used or not.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
 */
export class InterfaceEndpoint {
  /** ECR API: image metadata and credentials. */
  static readonly ECR_API = new InterfaceEndpoint('ecr.api');
  /** ECR registry: image layers come from S3. */
  static readonly ECR_DKR = new InterfaceEndpoint('ecr.dkr');
  /** CloudWatch Logs. */
  static readonly LOGS = new InterfaceEndpoint('logs');
  /** CloudWatch metrics. */
  static readonly MONITORING = new InterfaceEndpoint('monitoring');
  /** Secrets Manager. */
  static readonly SECRETS_MANAGER = new InterfaceEndpoint('secretsmanager');
  /** Systems Manager parameters. */
  static readonly SSM = new InterfaceEndpoint('ssm');
  /** Security Token Service. */
  static readonly STS = new InterfaceEndpoint('sts');
  /** Key Management Service. */
  static readonly KMS = new InterfaceEndpoint('kms');
  /** EKS API. */
  static readonly EKS = new InterfaceEndpoint('eks');
  /** EKS Pod Identity. */
  static readonly EKS_AUTH = new InterfaceEndpoint('eks-auth');
  /** EC2 API. */
  static readonly EC2 = new InterfaceEndpoint('ec2');
  /** Lambda API. */
  static readonly LAMBDA = new InterfaceEndpoint('lambda');
  /** ECS API. */
  static readonly ECS = new InterfaceEndpoint('ecs');
  /** Glue API: the catalog of Iceberg tables. */
  static readonly GLUE = new InterfaceEndpoint('glue');
  /** Athena. */
  static readonly ATHENA = new InterfaceEndpoint('athena');
  /** EventBridge. */
  static readonly EVENTS = new InterfaceEndpoint('events');
  /** Step Functions. */
  static readonly STATES = new InterfaceEndpoint('states');
  /** SQS. */
  static readonly SQS = new InterfaceEndpoint('sqs');
  /** SNS. */
  static readonly SNS = new InterfaceEndpoint('sns');
  /** Elastic Load Balancing API. */
  static readonly ELASTIC_LOAD_BALANCING = new InterfaceEndpoint('elasticloadbalancing');
  /** EC2 Auto Scaling API. */
  static readonly AUTOSCALING = new InterfaceEndpoint('autoscaling');
  /** Amazon Bedrock inference. */
  static readonly BEDROCK_RUNTIME = new InterfaceEndpoint('bedrock-runtime');

  /**
   * Any other service, by the last part of its endpoint's name: `com.amazonaws.<region>.<shortName>`.
   *
   * Fails with `invalid-interface-endpoint` for a text that cannot be such a name.
   */
  static of(shortName: string): InterfaceEndpoint {
    if (isUnresolved(shortName) || typeof shortName !== 'string' || !NAME.test(shortName)) {
      const short = typeof shortName === 'string' ? shortName.split('.').slice(3).join('.') || shortName.toLowerCase().replaceAll('_', '-') : '';
      const near = suggest(short, KNOWN.map((known) => known.shortName));
      fail('InterfaceEndpoint', 'invalid-interface-endpoint',
        `shortName ${show(shortName)} is not the short name of an endpoint; use lower-case letters, digits, dots and hyphens such as 'ecr.api'${near ? `, perhaps '${near}'` : ''}`);
    }
    return new InterfaceEndpoint(shortName);
  }

  private constructor(
    /** For example `ecr.api`. */
    readonly shortName: string,
  ) {}
}

const NAME = /^(?!com\.amazonaws\.)[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

const KNOWN = Object.values(InterfaceEndpoint).filter((value): value is InterfaceEndpoint => typeof value === 'object' && value !== null && 'shortName' in value);
