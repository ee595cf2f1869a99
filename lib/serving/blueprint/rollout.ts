import { checkInteger, checkLiteral, checkText, show, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Steps of a canary. */
export interface CanaryOptions {
  /**
   * Percent of requests that the candidate gets at each step: whole numbers, each larger than the one before.
   *
   * @default [5, 25, 50, 100]
   */
  readonly steps?: number[];

  /** The step that is live: 1 is the first of `steps`, 0 sends everything back to the stable version. */
  readonly step: number;
}

/** A candidate that sees copies of requests. */
export interface ShadowOptions {
  /**
   * Percent of requests that are copied to the candidate, 0 to 100; 0 stops the copies.
   *
   * @default 100
   */
  readonly percent?: number;
}

/** Who gets the candidate: name a header or a cookie. */
export interface AbTestOptions {
  /**
   * Name of the header that is looked at, for example `x-cohort`.
   *
   * @default - the cookie is looked at
   */
  readonly header?: string;

  /**
   * Name of the cookie that is looked at.
   *
   * @default - the header is looked at
   */
  readonly cookie?: string;

  /** The header or cookie has to be exactly this for the request to go to the candidate. */
  readonly value: string;
}

/** RFC 9110, 5.1: a header's name is a token; RFC 6265, 4.1.1: so is a cookie's. */
const TOKEN: TextRule = { pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/, allowed: "1 to 256 letters, digits or one of !#$%&'*+-.^_`|~" };
/** Visible ASCII with spaces inside; RFC 9110, 5.5. */
const HEADER_VALUE: TextRule = { pattern: /^(?=.{1,256}$)[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, allowed: '1 to 256 visible ASCII characters' };
/** RFC 6265, 4.1.1, without the optional quotes. */
const COOKIE_VALUE: TextRule = { pattern: /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,256}$/, allowed: '1 to 256 visible ASCII characters without quotes, commas, semicolons or backslashes' };

/**
 * How requests are divided between the stable version of a service and a candidate, on a Gateway API HTTPRoute.
 *
 * It moves code and images. Models move by their release record, never both at once.
 *
 * @see https://gateway-api.sigs.k8s.io/guides/http-routing/
 */
export class Rollout {
  /**
   * A share of the requests, by weight, that grows step by step. `step: 0` is the way back.
   *
   * Fails with `invalid-steps`, `invalid-step`, `unresolved-steps` or `unresolved-step`.
   *
   * @see https://gateway-api.sigs.k8s.io/guides/traffic-splitting/
   */
  static canary(options: CanaryOptions): Rollout {
    const faults = Faults.at('Rollout');
    const steps = options.steps ?? [5, 25, 50, 100];
    checkLiteral(faults, 'steps', steps);
    checkLiteral(faults, 'step', options.step);
    faults.check(steps.length > 0, 'invalid-steps', 'steps is empty; name at least one percentage');
    steps.forEach((percent, index) => {
      checkInteger(faults, `steps[${index}]`, percent, { min: 1, max: 100, unit: 'percent' });
      const before = steps[index - 1];
      faults.check(before === undefined || percent > before, 'invalid-steps',
        `steps[${index}] ${show(percent)} is not larger than ${show(before)} before it; a canary grows, so sort the steps and name each once`);
    });
    checkInteger(faults, 'step', options.step, { min: 0, max: steps.length });
    faults.throwIfAny();
    return new Rollout('canary', options.step === 0 ? 0 : steps[options.step - 1] ?? 0);
  }

  /**
   * Copies of requests: callers get the stable version's answers, the candidate's are thrown away. It costs what serving them costs.
   *
   * Fails with `invalid-percent` or `unresolved-percent`.
   *
   * @see https://gateway-api.sigs.k8s.io/guides/http-request-mirroring/
   */
  static shadow(options: ShadowOptions = {}): Rollout {
    const faults = Faults.at('Rollout');
    checkLiteral(faults, 'percent', options.percent);
    checkInteger(faults, 'percent', options.percent, { min: 0, max: 100, unit: 'percent' });
    faults.throwIfAny();
    return new Rollout('shadow', options.percent ?? 100);
  }

  /**
   * Callers with a certain header or cookie get the candidate, always; all others the stable version.
   *
   * Fails with `invalid-ab-test`, `invalid-header`, `invalid-cookie` or `invalid-value`.
   */
  static abTest(options: AbTestOptions): Rollout {
    const faults = Faults.at('Rollout');
    const { header, cookie, value } = options;
    faults.check((header === undefined) !== (cookie === undefined), 'invalid-ab-test',
      `an A/B test looks at a header or a cookie, but ${header === undefined ? 'neither is' : 'both are'} named; name one of them`);
    checkText(faults, 'header', header, TOKEN);
    checkText(faults, 'cookie', cookie, TOKEN);
    checkText(faults, 'value', value, cookie === undefined ? HEADER_VALUE : COOKIE_VALUE);
    faults.throwIfAny();
    return new Rollout('ab-test', 0, header, cookie, value);
  }

  private constructor(
    /** `canary`, `shadow` or `ab-test`. */
    readonly type: string,
    /** Percent of requests that the candidate answers (canary) or sees (shadow); 0 in an A/B test, which has no share. */
    readonly candidatePercent: number,
    /** Header that decides in an A/B test. */
    readonly header?: string,
    /** Cookie that decides in an A/B test. */
    readonly cookie?: string,
    /** Value of the header or cookie that gets the candidate. */
    readonly value?: string,
  ) {}
}
