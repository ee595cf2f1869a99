import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeAll } from './acknowledge-wildcards';
import { wholeSeconds } from './blueprint/durations';
import { IInternalLoadBalancer } from './interfaces';
import { pinExports } from './pin-exports';
import { CallersGate } from './private/callers-gate';
import { checkText } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Options of the network's load balancer. */
export interface InternalLoadBalancerOptions {
  /**
   * Certificate for `*.<domainName>`: the listener is then HTTPS on port 443, TLS 1.2 or newer.
   *
   * A public certificate of ACM is free and works for a domain that you own; set `domainName` to it.
   *
   * @default - HTTP on port 80, inside the VPC only
   */
  readonly certificate?: acm.ICertificate;

  /**
   * Private hosted zone in which services get their names. A zone of that name must not be associated with the VPC yet.
   *
   * @default 'ml.internal'
   */
  readonly domainName?: string;

  /**
   * Whether requests are logged to S3. It costs cents: a line a request, kept for 90 days.
   *
   * @default true
   */
  readonly accessLogs?: boolean;

  /**
   * Bucket for the access logs, encrypted by S3 itself: the load balancer cannot use a KMS key.
   *
   * @default - a new one, retained, that empties itself after 90 days
   */
  readonly accessLogsBucket?: s3.IBucket;

  /**
   * Whether AWS refuses to delete the load balancer.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;

  /**
   * Time without a byte after which a connection ends, 1 to 4,000 seconds. Long answers of a model need more.
   *
   * @default Duration.seconds(60)
   */
  readonly idleTimeout?: Duration;
}

/** Properties of the load balancer. */
export interface InternalLoadBalancerProps extends InternalLoadBalancerOptions {
  /** Where it stands. */
  readonly vpc: ec2.IVpc;
  /** Subnets of at least two zones. */
  readonly vpcSubnets: ec2.SubnetSelection;
  /**
   * Blocks of addresses that it may send requests to.
   *
   * @default - the VPC's first block
   */
  readonly targetCidrBlocks?: string[];
}

const DOMAIN = {
  pattern: /^(?=.{1,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  allowed: 'a domain name of at most 200 lower-case characters with at least one dot',
};

/**
 * The one internal Application Load Balancer of a network. `network.loadBalancer` makes it on first use.
 *
 * It answers 404 to hosts that nobody serves, drops invalid headers, and lets nobody in until
 * `connections.allowFrom(caller)` does. Services share the port, so a caller who may call one may reach all of
 * them: what must be kept apart needs authentication.
 *
 * At rest: about 16.43 USD a month in us-east-1 and 0.50 USD for the hosted zone.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html
 */
export class InternalLoadBalancer extends Construct implements IInternalLoadBalancer {
  /** The load balancer itself. */
  readonly resource: elbv2.ApplicationLoadBalancer;
  /** Its security group. */
  readonly securityGroup: ec2.SecurityGroup;
  /** Bucket of the access logs, if requests are logged. */
  readonly accessLogsBucket?: s3.IBucket;
  readonly listener: elbv2.IApplicationListener;
  readonly hostedZone: route53.IHostedZone;
  readonly port: number;
  readonly protocol: string;
  readonly domainName: string;
  readonly securityGroupId: string;
  readonly dnsName: string;
  readonly canonicalHostedZoneId: string;
  readonly fullName: string;
  /** Who may call the services behind the load balancer. */
  readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, props: InternalLoadBalancerProps) {
    const faults = Faults.of(scope, id);
    const { idleSeconds, cidrBlocks } = check(faults, props);
    faults.throwIfAny();
    super(scope, id);

    this.port = props.certificate ? 443 : 80;
    this.protocol = props.certificate ? 'https' : 'http';
    this.domainName = props.domainName ?? 'ml.internal';
    this.securityGroup = this.makeSecurityGroup(props.vpc, cidrBlocks);
    this.resource = new elbv2.ApplicationLoadBalancer(this, 'Resource', {
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      internetFacing: false,
      securityGroup: this.securityGroup,
      deletionProtection: props.deletionProtection ?? false,
      dropInvalidHeaderFields: true,
      idleTimeout: Duration.seconds(idleSeconds),
    });
    this.accessLogsBucket = props.accessLogs === false ? undefined : props.accessLogsBucket ?? this.makeLogsBucket();
    if (this.accessLogsBucket) this.logTo(this.accessLogsBucket);
    this.listener = this.makeListener(props.certificate);
    this.hostedZone = new route53.PrivateHostedZone(this, 'HostedZone', { vpc: props.vpc, zoneName: this.domainName });

    this.securityGroupId = this.securityGroup.securityGroupId;
    this.dnsName = this.resource.loadBalancerDnsName;
    this.canonicalHostedZoneId = this.resource.loadBalancerCanonicalHostedZoneId;
    this.fullName = this.resource.loadBalancerFullName;
    this.connections = new CallersGate(this, 'Callers', this.securityGroupId, this.port, props.vpc).connections;
    pinExports(this, [
      this.securityGroupId, this.dnsName, this.canonicalHostedZoneId, this.fullName, this.listener.listenerArn, this.hostedZone.hostedZoneId,
    ]);
  }

  private makeSecurityGroup(vpc: ec2.IVpc, cidrBlocks: string[]): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc, allowAllOutbound: false, description: 'Internal load balancer of the ML platform',
    });
    for (const block of cidrBlocks) group.addEgressRule(ec2.Peer.ipv4(block), ec2.Port.allTcp(), 'to services in the VPC');
    return group;
  }

  private makeLogsBucket(): s3.Bucket {
    const bucket = new s3.Bucket(this, 'AccessLogs', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [{ expiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
    acknowledgeAll(bucket, ['AwsSolutions-S1'], 'it holds access logs itself; only the load balancer writes to it');
    return bucket;
  }

  /**
   * Written by hand because aws-cdk-lib's logAccessLogs needs to know the region; this principal is the same in each.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
   */
  private logTo(bucket: s3.IBucket): void {
    this.resource.setAttribute('access_logs.s3.enabled', 'true');
    this.resource.setAttribute('access_logs.s3.bucket', bucket.bucketName);
    const { policyDependable } = bucket.addToResourcePolicy(new iam.PolicyStatement({
      actions: ['s3:PutObject'],
      principals: [new iam.ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
      resources: [bucket.arnForObjects(`AWSLogs/${Stack.of(this).account}/*`)],
    }));
    // AWS writes a test object when logging is turned on
    if (policyDependable) this.resource.node.addDependency(policyDependable);
  }

  private makeListener(certificate?: acm.ICertificate): elbv2.ApplicationListener {
    return this.resource.addListener('Listener', {
      port: this.port,
      protocol: certificate ? elbv2.ApplicationProtocol.HTTPS : elbv2.ApplicationProtocol.HTTP,
      certificates: certificate ? [certificate] : undefined,
      sslPolicy: certificate ? elbv2.SslPolicy.TLS13_RES : undefined,
      open: false,
      defaultAction: elbv2.ListenerAction.fixedResponse(404, { contentType: 'text/plain', messageBody: 'no service of this name' }),
    });
  }
}

function check(faults: Faults, props: InternalLoadBalancerProps): { idleSeconds: number; cidrBlocks: string[] } {
  checkText(faults, 'domainName', props.domainName, DOMAIN);
  faults.check(props.accessLogs !== false || props.accessLogsBucket === undefined, 'access-logs-bucket-unused',
    'accessLogsBucket is given, but accessLogs is false; remove one of the two');
  faults.check(props.accessLogsBucket?.encryptionKey === undefined, 'access-logs-bucket-encrypted',
    'accessLogsBucket is encrypted with a KMS key, which load balancers cannot write with; use a bucket with S3-managed encryption');
  return {
    idleSeconds: wholeSeconds(faults, 'idleTimeout', props.idleTimeout, { min: 1, max: 4000, otherwise: 60 }),
    cidrBlocks: props.targetCidrBlocks ?? cidrOf(faults, props.vpc),
  };
}

function cidrOf(faults: Faults, vpc: ec2.IVpc): string[] {
  try {
    return [vpc.vpcCidrBlock];
  } catch {
    faults.add('unknown-vpc-cidr',
      'vpc was imported without vpcCidrBlock, so the load balancer cannot be confined to it; import it with vpcCidrBlock, or set vpcCidrBlocks of MlNetwork.fromVpc');
    return [];
  }
}
