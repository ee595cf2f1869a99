import { App, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as cdk8s from 'cdk8s';
import { checkInteger, checkLiteral, checkOneOf, checkText, checkUnique, DNS_LABEL, kebab, show } from '../../lib/core/private/checks';
import { fail, Faults } from '../../lib/core/private/faults';
import { stableHash, stableNumber } from '../../lib/core/private/stable-hash';
import { suggest } from '../../lib/core/private/suggest';
import { isUnresolved } from '../../lib/core/private/tokens';
import { isValidationError, ValidationError } from '../../lib/core/private/validation-error';

function thrown(run: () => void): ValidationError {
  try {
    run();
  } catch (error) {
    if (isValidationError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a ValidationError', () => {
  test('names the construct, the code and the fault in one line', () => {
    const stack = new Stack(new App(), 'Fraud');
    const error = thrown(() => Faults.of(stack, 'Chat').add('model-does-not-fit', 'contextLength 131072 is too long').throwIfAny());
    expect(error.message).toBe('ValidationError at Fraud/Chat [model-does-not-fit]: contextLength 131072 is too long');
    expect(error.codes).toEqual(['model-does-not-fit']);
  });

  test('lists every fault of a construct at once', () => {
    const faults = Faults.at('Lake');
    checkInteger(faults, 'maxGpus', -1, { min: 1, max: 8 });
    checkOneOf(faults, 'engine', 'foo', ['glue', 's3tables']);
    const error = thrown(() => faults.throwIfAny());
    expect(error.message).toBe([
      'ValidationError at Lake: 2 faults',
      '  - [invalid-max-gpus] maxGpus -1 is not a whole number from 1 to 8; use a value in that range',
      "  - [invalid-engine] engine 'foo' is not one of 'glue', 's3tables'; choose one of them",
    ].join('\n'));
  });

  test('is recognised when another copy of the package threw it', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('cdk-ml-platform.ValidationError')]: true });
    expect(isValidationError(foreign)).toBe(true);
    expect(isValidationError(new Error('x'))).toBe(false);
  });

  test('takes over the faults of an inner check and lets other errors through', () => {
    const faults = Faults.at('Outer');
    expect(faults.collect(() => fail('Inner', 'bad-thing', 'thing 1 is bad'))).toBeUndefined();
    expect(faults.collect(() => 7)).toBe(7);
    expect(thrown(() => faults.throwIfAny()).codes).toEqual(['bad-thing']);
    expect(() => faults.collect(() => { throw new TypeError('ours'); })).toThrow(TypeError);
  });

  test('says a fault once that an outer and an inner check both find', () => {
    const faults = Faults.at('Outer').add('bad-thing', 'thing 1 is bad').add('bad-thing', 'thing 1 is bad').add('bad-thing', 'thing 2 is bad');
    faults.collect(() => fail('Inner', 'bad-thing', 'thing 2 is bad'));
    expect(thrown(() => faults.throwIfAny()).faults.map(({ message }) => message)).toEqual(['thing 1 is bad', 'thing 2 is bad']);
  });

  test('says that an id is taken, beside all other faults', () => {
    const stack = new Stack(new App(), 'Fraud');
    new Stack(stack, 'Chat');
    const error = thrown(() => Faults.of(stack, 'Chat').add('bad-thing', 'thing 1 is bad').throwIfAny());
    expect(error.codes).toEqual(['duplicate-id', 'bad-thing']);
    expect(error.faults[0].message).toBe("id 'Chat' is taken in 'Fraud'; choose another id");
  });

  test('is not thrown without a fault', () => {
    expect(() => Faults.at('Fine').throwIfAny()).not.toThrow();
  });
});

describe('values known only at deploy time', () => {
  test.each([
    ['a text of aws-cdk', Token.asString({ Ref: 'Bucket' })],
    ['a text with a token inside', `arn:${Token.asString({ Ref: 'Bucket' })}:x`],
    ['a number of aws-cdk', Token.asNumber({ Ref: 'Port' })],
    ['a list of aws-cdk', Token.asList({ Ref: 'Subnets' })],
    ['a lazy value of aws-cdk', Lazy.any({ produce: () => 1 })],
    ['a lazy value of cdk8s', cdk8s.Lazy.any({ produce: () => 1 })],
    ['a token deep inside', { a: [{ b: Token.asString({ Ref: 'X' }) }] }],
    ['a text of cdktn', '${TfToken[TOKEN.7]}'],
    ['a list of cdktn', ['#{TfToken[TOKEN.8]}']],
  ])('%s is recognised', (_case, value) => expect(isUnresolved(value)).toBe(true));

  test.each([['text'], [''], [0], [-1], [-1e200], [true], [undefined], [null], [[]], [{}], ['${aws_region}'], ['{{ .Values.T0 }}'], [new Date(0)]])(
    '%p is a literal', (value) => expect(isUnresolved(value)).toBe(false));

  test('pass the checks of form and are refused where a literal is needed', () => {
    const faults = Faults.at('X');
    checkText(faults, 'name', Token.asString({ Ref: 'Name' }), DNS_LABEL);
    checkInteger(faults, 'port', Token.asNumber({ Ref: 'Port' }), { min: 1, max: 2 });
    expect(faults.ok).toBe(true);
    checkLiteral(faults, 'zoneCount', Token.asNumber({ Ref: 'N' }));
    expect(thrown(() => faults.throwIfAny()).message)
      .toBe('ValidationError at X [unresolved-zone-count]: zoneCount is known only at deploy time, but it decides what is created; give a literal');
  });
});

describe('checks', () => {
  test.each([['a'], ['fraud-2'], ['0a'], ['a'.repeat(63)]])('%s is a DNS label', (name) => {
    const faults = Faults.at('X');
    checkText(faults, 'name', name, DNS_LABEL);
    expect(faults.count).toBe(0);
  });

  test.each([[''], ['-a'], ['a-'], ['Fraud'], ['a.b'], ['a'.repeat(64)]])('%p is no DNS label', (name) => {
    const faults = Faults.at('X');
    checkText(faults, 'name', name, DNS_LABEL);
    expect(faults.count).toBe(1);
  });

  test('say once which key is there twice', () => {
    const faults = Faults.at('X');
    checkUnique(faults, 'columns', ['a', 'b', 'a', 'a']);
    expect(thrown(() => faults.throwIfAny()).message).toBe("ValidationError at X [duplicate-columns]: columns names 'a' more than once; keep one of them");
  });

  test('show a value without its inside and without flooding the message', () => {
    expect(show({ secret: 'x' })).toBe('a value of type object');
    expect(show(['a', 1])).toBe("['a', 1]");
    expect(show('x'.repeat(200))).toHaveLength(80);
    expect(kebab('columns[3].maxLength')).toBe('columns-max-length');
  });

  test('suggest the nearest name, and nothing when nothing is near', () => {
    expect(suggest('cert-managr', ['karpenter', 'cert-manager'])).toBe('cert-manager');
    expect(suggest('zzzzzz', ['karpenter', 'cert-manager'])).toBeUndefined();
  });
});

describe('the stable hash', () => {
  // published FNV-1a test vectors: http://www.isthe.com/chongo/src/fnv/test_fnv.c
  test.each([['', 0x811c9dc5], ['a', 0xe40c292c], ['b', 0xe70c2de5], ['foobar', 0xbf9cf968]])('of %p is the published value', (text, value) => {
    expect(stableHash(text)).toBe(value);
  });

  test('stays inside its bounds', () => {
    for (let i = 0; i < 1000; i++) {
      const value = stableNumber(`service-${i}`, 1, 50_000);
      expect(value).toBeGreaterThanOrEqual(1);
      expect(value).toBeLessThanOrEqual(50_000);
    }
  });
});
