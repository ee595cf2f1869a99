import type { AuthenticationRules } from './inference-gateway-rules';
import { checkText, DNS_LABEL, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Callers that show a key. */
export interface ApiKeyOptions {
  /**
   * Names of Secrets in the gateway's namespace. Each entry is one caller: its name, and its key without `Bearer`. Take them from
   * AWS Secrets Manager by the External Secrets operator, or make them by hand; the library never sees a key.
   */
  readonly secretNames: string[];
}

/** Callers that show a token of an identity provider. */
export interface JwtOptions {
  /** Who made the token: its claim `iss`, such as `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI`. */
  readonly issuer: string;
  /** Whom the token is for: one of these has to be in its claim `aud`. */
  readonly audiences: string[];
  /** Where the provider's public keys are. Proxies fetch them over HTTPS. */
  readonly jwksUrl: string;
  /**
   * Scopes that the token has to have, all of them.
   *
   * @default - none
   */
  readonly scopes?: string[];
}

/** A gateway for everybody who reaches it. */
export interface NoAuthenticationOptions {
  /** `anyone who reaches this gateway may use every model behind it`, word for word. */
  readonly acknowledgement: string;
}

const ACKNOWLEDGEMENT = 'anyone who reaches this gateway may use every model behind it';
const HTTPS: TextRule = { pattern: /^https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/\S*)?$/, allowed: "an address that starts with https://, such as 'https://login.example.com/keys'" };
const WORD: TextRule = { pattern: /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, allowed: '1 to 256 visible ASCII characters without spaces, quotes or backslashes' };
const AUDIENCE: TextRule = { pattern: /^\S{1,256}$/, allowed: '1 to 256 characters without spaces' };

/** How callers of a gateway say who they are. Models learn it from the header `x-client-id`. */
export class Authentication {
  /**
   * By a key, in `Authorization: Bearer <key>` as OpenAI clients send it, or in `x-api-key`. The key is not passed on to the model.
   *
   * Fails with `invalid-secret-names`.
   *
   * @see https://gateway.envoyproxy.io/docs/tasks/security/apikey-auth/
   */
  static apiKeys(options: ApiKeyOptions): Authentication {
    const faults = Faults.at('Authentication');
    const { secretNames } = options;
    faults.check(secretNames.length > 0, 'invalid-secret-names', 'secretNames is empty; name at least one Secret in the namespace of the gateway');
    secretNames.forEach((name, index) => checkText(faults, `secretNames[${index}]`, name, DNS_LABEL));
    faults.throwIfAny();
    return new Authentication('api-keys', { secretNames: [...secretNames] });
  }

  /**
   * By a signed token of an identity provider (Cognito, Entra ID, Okta, Kubernetes itself), in `Authorization: Bearer <token>`.
   *
   * Fails with `invalid-issuer`, `invalid-audiences`, `invalid-jwks-url` or `invalid-scopes`.
   *
   * @see https://gateway.envoyproxy.io/docs/tasks/security/jwt-authentication/
   */
  static jwt(options: JwtOptions): Authentication {
    const faults = Faults.at('Authentication');
    const { issuer, audiences, jwksUrl, scopes = [] } = options;
    checkText(faults, 'issuer', issuer, AUDIENCE);
    checkText(faults, 'jwksUrl', jwksUrl, HTTPS);
    faults.check(audiences.length > 0 && audiences.length <= 8, 'invalid-audiences',
      `audiences has ${audiences.length} entries; name 1 to 8, or tokens that were made for other services would do`);
    audiences.forEach((audience, index) => checkText(faults, `audiences[${index}]`, audience, AUDIENCE));
    faults.check(scopes.length <= 16, 'invalid-scopes', `scopes has ${scopes.length} entries; name 16 at most`);
    scopes.forEach((scope, index) => checkText(faults, `scopes[${index}]`, scope, WORD));
    faults.throwIfAny();
    return new Authentication('jwt', { jwt: { issuer, audiences: [...audiences], jwksUrl, scopes: [...scopes] } });
  }

  /**
   * Not at all: for a gateway that only trusted programs reach.
   *
   * Fails with `unacknowledged-risk` unless the risk is written out.
   */
  static none(options: NoAuthenticationOptions): Authentication {
    const faults = Faults.at('Authentication');
    faults.check(options.acknowledgement === ACKNOWLEDGEMENT, 'unacknowledged-risk',
      `without authentication ${ACKNOWLEDGEMENT}; if that is meant, write exactly this sentence as acknowledgement, else use Authentication.apiKeys(...) or .jwt(...)`);
    faults.throwIfAny();
    return new Authentication('none', {});
  }

  private constructor(
    /** `api-keys`, `jwt` or `none`. */
    readonly type: string,
    /** @internal */
    readonly _rules: AuthenticationRules,
  ) {}
}
