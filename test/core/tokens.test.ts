import { Token } from 'aws-cdk-lib';
import { Token as TerraformToken } from 'cdktn';
import * as fc from 'fast-check';
import { isUnresolved } from '../../lib/core/private/tokens';

const FIRST = -1.9375 * 2 ** 960;
const FIRST_OF_TERRAFORM = -1.9375 * 2 ** 992;

describe('a number', () => {
  test('is known later if one of the engines says so, and else it is not', () => {
    const near = [FIRST, FIRST_OF_TERRAFORM].map((first) => fc.double({ min: first * 2, max: first / 2 }));
    const examples = [FIRST, FIRST_OF_TERRAFORM, FIRST * 1.01, FIRST * 1.04, FIRST_OF_TERRAFORM * 1.04, -Infinity, Infinity, NaN, -0].map((value): [number] => [value]);
    fc.assert(fc.property(fc.oneof(fc.double(), ...near), (value) => {
      const engines = Token.isUnresolved(value) || TerraformToken.isUnresolved(value);
      expect([value, isUnresolved(value)]).toEqual([value, engines]);
    }), { numRuns: 2_000, examples });
  });

  test.each([['aws-cdk-lib', Token], ['cdktn', TerraformToken]])('that %s makes of a token is known later', (_, engine) => {
    for (let made = 0; made < 50; made++) expect(isUnresolved(engine.asNumber({ Ref: `P${made}` }))).toBe(true);
  });

  test('that a wrong sum gives is a number: checks see it', () => {
    for (const value of [-Infinity, -Number.MAX_VALUE, -1e289]) expect(isUnresolved(value)).toBe(false);
  });
});
