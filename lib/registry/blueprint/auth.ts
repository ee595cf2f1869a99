import { ClaimFormat } from './claim-format';
import { RegistryPermission } from './registry-permission';
import { checkInteger, checkLiteral, checkOneOf, checkText, kebab, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { stableNumber } from '../../core/private/stable-hash';
import { isUnresolved } from '../../core/private/tokens';

/** What is asked of MLflow's own login. */
export interface BasicLoginInput {
  readonly defaultPermission?: RegistryPermission;
  /** In days; 0 turns rotation off. */
  readonly rotationDays?: number;
  readonly plainHttp?: boolean;
  /** Protocol of the load balancer. */
  readonly protocol: string;
}

/** MLflow's own login, decided. */
export interface BasicLoginBlueprint {
  readonly environment: Record<string, string>;
  /** User names; rotation appends and removes `-b`. */
  readonly adminUser: string;
  readonly machineUser: string;
  readonly passwordLength: number;
  readonly secretKeyLength: number;
  readonly rotationDays: number;
}

/** Decides on MLflow's own login; `lib/runtime` reads the variables. */
export function basicLogin(faults: Faults, input: BasicLoginInput): BasicLoginBlueprint {
  checkOneOf(faults, 'defaultPermission', input.defaultPermission, Object.values(RegistryPermission));
  checkLiteral(faults, 'rotateEvery', input.rotationDays);
  checkInteger(faults, 'rotateEvery', input.rotationDays, { min: 1, max: 365, unit: 'days' });
  faults.check(input.protocol === 'https' || input.plainHttp === true, 'password-over-http',
    'auth sends passwords, and the network\'s load balancer speaks plain HTTP; give the network loadBalancer.certificate, or say plainHttp: true to RegistryAuth.basic');
  return {
    environment: { ML_REGISTRY_AUTH: 'basic', ML_AUTH_DEFAULT_PERMISSION: input.defaultPermission ?? RegistryPermission.EDIT },
    adminUser: 'admin',
    machineUser: 'machines',
    passwordLength: 32,
    secretKeyLength: 48,
    rotationDays: input.rotationDays ?? 90,
  };
}

/** A claim that a token of a machine has to have. */
export interface ClaimInput {
  readonly name: string;
  readonly values: string[];
  readonly format?: ClaimFormat;
}

/** What is asked of a login at the load balancer. ARNs and secrets may be known only at deploy time. */
export interface BrowserLoginInput {
  readonly hostName: string;
  /** Protocol of the load balancer. */
  readonly protocol: string;
  /** Priority of the service's own rule. */
  readonly priority: number;
  readonly sessionHours?: number;
  readonly scope?: string;
  readonly issuer: string;
  /** Addresses that the load balancer calls, by property. */
  readonly endpoints: Record<string, string>;
  readonly jwksEndpoint: string;
  readonly machineClaims: ClaimInput[];
}

/** Login at the load balancer, decided: browsers by the service's own rule, machines by one before it. */
export interface BrowserLoginBlueprint {
  readonly sessionSeconds: number;
  readonly scope: string;
  /** What a browser without a session gets: MLflow's page calls its API, which a redirect would only confuse. */
  readonly onUnauthenticatedRequest: 'authenticate';
  readonly machines: {
    readonly priority: number;
    readonly header: { readonly name: string; readonly values: string[] };
    readonly claims: { readonly name: string; readonly values: string[]; readonly format: ClaimFormat }[];
  };
}

const MOST_CLAIMS = 10;
const CHECKED_ANYWAY = ['exp', 'iss', 'nbf', 'iat'];

/**
 * Decides on a login at the load balancer. The SDK cannot follow a browser's redirect: whoever sends a bearer token meets a rule that
 * verifies it, at a smaller number, so before the browsers' one.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html
 */
export function browserLogin(faults: Faults, input: BrowserLoginInput): BrowserLoginBlueprint {
  faults.check(input.protocol === 'https', 'login-needs-https',
    'auth logs in at the load balancer, which needs an HTTPS listener; give the network loadBalancer.certificate');
  for (const [property, value] of Object.entries({ ...input.endpoints, jwksEndpoint: input.jwksEndpoint, issuer: input.issuer })) {
    checkText(faults, property, value, { pattern: /^https:\/\/\S{1,248}$/, allowed: 'an https address of at most 256 characters' });
  }
  checkLiteral(faults, 'session', input.sessionHours);
  faults.check(input.sessionHours === undefined || isUnresolved(input.sessionHours) || (input.sessionHours > 0 && input.sessionHours <= 168), 'invalid-session',
    `session of ${show(input.sessionHours)} hours is not above 0 and up to 168 hours; use a duration in that range`);
  checkClaims(faults, input.machineClaims);
  faults.check(input.priority > 1, 'listener-priority-too-small',
    'listenerPriority 1 leaves no number before it for the rule that verifies tokens; use 2 or more');
  return {
    sessionSeconds: Math.round((input.sessionHours ?? 12) * 3600),
    scope: input.scope ?? 'openid',
    onUnauthenticatedRequest: 'authenticate',
    machines: {
      priority: stableNumber(`${input.hostName} bearer`, 1, Math.max(1, input.priority - 1)),
      header: { name: 'Authorization', values: ['Bearer *'] },
      claims: input.machineClaims.map(({ name, values, format }) => ({ name, values: [...values], format: format ?? ClaimFormat.SINGLE_STRING })),
    },
  };
}

/** The load balancer checks signature, issuer and time by itself; without a claim every token of that issuer would be let in. */
function checkClaims(faults: Faults, claims: ClaimInput[]): void {
  faults.check(claims.length > 0 && claims.length <= MOST_CLAIMS, 'invalid-machine-claims',
    `machineClaims has ${claims.length} claims, allowed are 1 to ${MOST_CLAIMS}; name what only tokens for this registry have, for example client_id or aud`);
  for (const { name, values, format } of claims) {
    const property = `machineClaims ${show(name)}`;
    faults.check(!CHECKED_ANYWAY.includes(name), 'claim-checked-anyway', `${property} is checked by the load balancer itself; leave it out`);
    faults.check(values.length > 0 && values.length <= MOST_CLAIMS, 'invalid-claim-values',
      `${property} has ${values.length} values, allowed are 1 to ${MOST_CLAIMS}; change values`);
    checkOneOf(faults, `${kebab('format')} of ${property}`, format, Object.values(ClaimFormat));
    faults.check(format !== ClaimFormat.SPACE_SEPARATED_VALUES || !values.some((value) => value.includes(' ')), 'claim-value-with-space',
      `${property} is separated by spaces, so no value may hold one; give the words as values of their own`);
  }
}
