import { Annotations, type RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { createLoginSecrets, createRotation, LOGIN_VARIABLES, loginFields, type LoginSecrets, loginVariables } from './basic-login';
import { createBrowserLogin, providerOf } from './browser-login';
import type { SecretField } from './cluster-server';
import type { ServerBesideTasks } from './registry-task';
import type { Faults } from '../../core/private/faults';
import { checkListenerRule } from '../../network/claim-listener-rule';
import type { IMlNetwork } from '../../network/interfaces';
import type { InternalService } from '../../network/internal-service';
import { type BasicLoginBlueprint, basicLogin, type BrowserLoginBlueprint, browserLogin } from '../blueprint/auth';
import { RegistryAuth } from '../registry-auth';

/** The login, as far as it is known before anything exists. */
export interface LoginPlan {
  readonly auth: RegistryAuth;
  /** True if the user chose nothing and the network has no certificate, so that nobody is asked. */
  readonly unguarded: boolean;
  readonly basic?: BasicLoginBlueprint;
  /** Variables of the server. */
  readonly environment: Record<string, string>;
  /** Variables of the server that come from secrets. */
  readonly secretNames: string[];
}

/** MLflow's own login where the network has a certificate; without one no password may travel, so nobody is asked. */
export function planLogin(faults: Faults, auth: RegistryAuth | undefined, protocol: string): LoginPlan {
  const chosen = auth ?? (protocol === 'https' ? RegistryAuth.basic() : RegistryAuth.none());
  const options = chosen.basicLogin?.options;
  if (!options) return { auth: chosen, unguarded: auth === undefined, environment: {}, secretNames: [] };
  faults.check(options.rotation !== false || options.rotateEvery === undefined, 'rotation-off',
    'rotateEvery is given, but rotation is false; remove one of the two');
  const basic = basicLogin(faults, {
    defaultPermission: options.defaultPermission,
    rotationDays: options.rotateEvery?.toDays({ integral: false }),
    plainHttp: options.plainHttp,
    protocol,
  });
  return { auth: chosen, unguarded: false, basic, environment: basic.environment, secretNames: LOGIN_VARIABLES };
}

/** The part that needs the priority of the service's own rule. */
export function planBrowserLogin(
  faults: Faults, scope: Construct, { auth }: LoginPlan, network: IMlNetwork, service: { hostName: string; listenerPriority: number },
): BrowserLoginBlueprint | undefined {
  if (!auth.browserLogin) return undefined;
  const plan = browserLogin(faults, {
    hostName: service.hostName, protocol: network.loadBalancer.protocol, priority: service.listenerPriority, ...providerOf(scope, auth.browserLogin),
  });
  faults.check(network.routesOut, 'no-route-to-provider',
    'auth needs the load balancer to call the identity provider, and the network has no route out; give it natGateways: 1, or use RegistryAuth.basic()');
  checkListenerRule(faults, network.loadBalancer, { name: `${service.hostName} with a token`, priority: plan.machines.priority });
  return plan;
}

/** What the login needs of the registry that it guards. */
export interface LoginSite {
  readonly network: IMlNetwork;
  readonly server: ServerBesideTasks;
  readonly image: ecs.ContainerImage;
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  readonly trackingUri: string;
  readonly alarmActions: cloudwatch.IAlarmAction[];
}

/** A login at the load balancer, and the service whose rule it changes. */
export interface BrowserLoginPlace {
  readonly plan: BrowserLoginBlueprint;
  readonly server: InternalService;
}

/** The login of a registry: its secrets first, since the server takes them; the rest once the server exists. */
export class RegistryLogin {
  readonly secrets?: LoginSecrets;

  constructor(private readonly scope: Construct, private readonly plan: LoginPlan, removalPolicy: RemovalPolicy) {
    if (plan.basic) this.secrets = createLoginSecrets(scope, plan.basic, removalPolicy);
    if (!plan.unguarded) return;
    Annotations.of(scope).addWarningV2('cdk-ml-platform:registry-without-login',
      'whoever reaches the model registry may change it: the network has no certificate, so there is no login; '
      + 'give the network loadBalancer.certificate, or say auth: RegistryAuth.none() if the network guards it well enough');
  }

  /** The same, for whoever takes them from Secrets Manager by another way. */
  get secretFields(): Record<string, SecretField> {
    return this.secrets ? loginFields(this.secrets) : {};
  }

  /** Variables of the server. */
  get serverSecrets(): Record<string, ecs.Secret> {
    return this.secrets ? loginVariables(this.secrets) : {};
  }

  /** Rules of the load balancer and the rotation; the answer is its alarms. */
  guard(site: LoginSite, browser?: BrowserLoginPlace): cloudwatch.Alarm[] {
    const { auth, basic } = this.plan;
    if (auth.browserLogin && browser) createBrowserLogin(this.scope, browser.server, site.network.loadBalancer, auth.browserLogin, browser.plan);
    if (!basic || !this.secrets || auth.basicLogin?.options.rotation === false) return [];
    return [createRotation(this.scope, this.secrets, { ...site, days: basic.rotationDays }).alarm];
  }
}
