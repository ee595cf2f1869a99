import type { Duration, SecretValue } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as cognito from 'aws-cdk-lib/aws-cognito';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { ClaimFormat } from './blueprint/claim-format';
import type { RegistryPermission } from './blueprint/registry-permission';

/** Options of MLflow's own login. */
export interface BasicLoginOptions {
  /**
   * What everybody who is logged in may do with the experiments and models of others.
   *
   * @default RegistryPermission.EDIT
   */
  readonly defaultPermission?: RegistryPermission;
  /**
   * How often the logins of administrator and machines get new passwords, 1 to 365 whole days. A login works until the rotation after
   * the one that replaced it, so a job may hold it for that long.
   *
   * @default Duration.days(90)
   */
  readonly rotateEvery?: Duration;
  /**
   * Whether logins are rotated by a scheduled task. Without it run `python -m ml_platform_runtime registry-rotate` yourself.
   *
   * @default true
   */
  readonly rotation?: boolean;
  /**
   * Whether passwords may travel over a load balancer without TLS, inside the VPC only.
   *
   * @default false
   */
  readonly plainHttp?: boolean;
}

/** A claim that the token of a machine has to have. */
export interface MachineClaim {
  /** Name of the claim, for example `client_id`, `aud` or `scope`. */
  readonly name: string;
  /** One of these values has to be there. */
  readonly values: string[];
  /**
   * How the claim is written.
   *
   * @default ClaimFormat.SINGLE_STRING
   */
  readonly format?: ClaimFormat;
}

/** Options of every login at the load balancer. */
export interface BrowserLoginOptions {
  /**
   * What a token of a machine has to have besides signature, issuer and time, which the load balancer checks anyway: 1 to 10 claims that
   * only tokens for this registry have. All of them have to hold.
   */
  readonly machineClaims: MachineClaim[];
  /**
   * How long a browser stays logged in, up to 7 days.
   *
   * @default Duration.hours(12)
   */
  readonly session?: Duration;
  /**
   * What is asked of the identity provider, separated by spaces.
   *
   * @default 'openid'
   */
  readonly scope?: string;
}

/** An OpenID Connect provider, as `/.well-known/openid-configuration` describes it. */
export interface OidcLoginOptions extends BrowserLoginOptions {
  /** `issuer`. */
  readonly issuer: string;
  /** `authorization_endpoint`. */
  readonly authorizationEndpoint: string;
  /** `token_endpoint`. */
  readonly tokenEndpoint: string;
  /** `userinfo_endpoint`. */
  readonly userInfoEndpoint: string;
  /** `jwks_uri`: the keys that tokens of machines are verified by. At most 150 kB and 10 keys, RS256. */
  readonly jwksEndpoint: string;
  /** Id of the client that the provider knows the registry by; its callback is `https://<host name>/oauth2/idpresponse`. */
  readonly clientId: string;
  /** Secret of that client, for example `secret.secretValueFromJson('clientSecret')`. */
  readonly clientSecret: SecretValue;
}

/** A user pool of Cognito. */
export interface CognitoLoginOptions extends BrowserLoginOptions {
  /** The pool. */
  readonly userPool: cognito.IUserPool;
  /** Its client, which has a secret; its callback is `https://<host name>/oauth2/idpresponse`. */
  readonly userPoolClient: cognito.IUserPoolClient;
  /** Its domain. */
  readonly userPoolDomain: cognito.IUserPoolDomain;
  /**
   * Region of the pool.
   *
   * @default - the region of the stack
   */
  readonly region?: string;
}

/** What MLflow's own login is made from. */
export interface BasicLoginConfig {
  /** The options. */
  readonly options: BasicLoginOptions;
}

/** What a login at the load balancer is made from. */
export interface BrowserLoginConfig {
  /**
   * The provider.
   *
   * @default - it is a pool of Cognito
   */
  readonly oidc?: OidcLoginOptions;
  /**
   * The pool of Cognito.
   *
   * @default - it is another provider
   */
  readonly cognito?: CognitoLoginOptions;
}

/** The logins of a registry with MLflow's own login. Each secret is a JSON object with `username` and `password`. */
export interface RegistryLogins {
  /** For jobs and services: may work on everything as `defaultPermission` says, and manages no users. */
  readonly machines: secretsmanager.ISecret;
  /** For people who manage users. */
  readonly admin: secretsmanager.ISecret;
  /** Alarms on the rotation. */
  readonly alarms: cloudwatch.Alarm[];
}

/**
 * Who gets into MLflow: people with browsers and machines with the SDK, on one address.
 *
 * The rights in IAM (`grants`) come on top; nobody moves production by a login.
 */
export abstract class RegistryAuth {
  /**
   * MLflow's own users with passwords, for people and machines. The first two are made, their secrets generated and kept; passwords
   * change by rotation only, never by a deployment.
   *
   * Jobs get their login by `registry.clientEnvironment()`. Needs a certificate at the load balancer.
   * https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/
   */
  static basic(options: BasicLoginOptions = {}): RegistryAuth {
    return new Choice({ options });
  }

  /**
   * People log in at an OpenID Connect provider, by the load balancer; machines send a token of the same provider
   * (`MLFLOW_TRACKING_TOKEN`), which the load balancer verifies. MLflow itself knows no users: whoever gets in may do everything.
   *
   * The load balancer calls the provider, so the network needs a route out. Needs a certificate.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
   */
  static oidc(options: OidcLoginOptions): RegistryAuth {
    return new Choice(undefined, { oidc: options });
  }

  /** As `oidc`, with a user pool of Cognito. */
  static cognito(options: CognitoLoginOptions): RegistryAuth {
    return new Choice(undefined, { cognito: options });
  }

  /** Nobody is asked: whoever the network lets through may do everything in MLflow, but not move production. */
  static none(): RegistryAuth {
    return new Choice();
  }

  /** MLflow's own login, if that is the choice. */
  abstract readonly basicLogin?: BasicLoginConfig;
  /** Login at the load balancer, if that is the choice. */
  abstract readonly browserLogin?: BrowserLoginConfig;
}

class Choice extends RegistryAuth {
  constructor(readonly basicLogin?: BasicLoginConfig, readonly browserLogin?: BrowserLoginConfig) {
    super();
  }
}

