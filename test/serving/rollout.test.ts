import { Token } from 'aws-cdk-lib';
import { faultsOf } from './rollout-support';
import { Rollout } from '../../lib/serving';

describe('a canary', () => {
  test('has four steps by default', () => {
    expect([0, 1, 2, 3, 4].map((step) => Rollout.canary({ step }).candidatePercent)).toEqual([0, 5, 25, 50, 100]);
  });

  test('takes other steps', () => {
    expect(Rollout.canary({ steps: [1, 10], step: 2 })).toMatchObject({ type: 'canary', candidatePercent: 10 });
  });

  test.each([
    [{ steps: [], step: 0 }, '[invalid-steps] steps is empty; name at least one percentage'],
    [{ steps: [10, 10], step: 0 }, '[invalid-steps] steps[1] 10 is not larger than 10 before it; a canary grows, so sort the steps and name each once'],
    [{ steps: [0, 101, 7.5], step: 0 }, '[invalid-steps] steps[0] 0 is not a whole number from 1 to 100 percent; use a value in that range'],
    [{ step: 5 }, '[invalid-step] step 5 is not a whole number from 0 to 4; use a value in that range'],
    [{ step: -1 }, '[invalid-step] step -1 is not a whole number from 0 to 4; use a value in that range'],
  ])('%j is refused', (options, message) => {
    expect(faultsOf(() => Rollout.canary(options))[0]).toBe(message);
  });
});

test('a rollout known only at deploy time is refused', () => {
  const later = Token.asNumber({ Ref: 'Step' });
  const unresolved = (property: string): string => `[unresolved-${property}] ${property} is known only at deploy time, but it decides what is created; give a literal`;
  expect(faultsOf(() => Rollout.canary({ step: later, steps: [later] }))).toEqual([unresolved('steps'), unresolved('step')]);
  expect(faultsOf(() => Rollout.shadow({ percent: later }))).toEqual([unresolved('percent')]);
});

describe('a shadow', () => {
  test('sees everything by default', () => {
    expect([Rollout.shadow().candidatePercent, Rollout.shadow({ percent: 0 }).candidatePercent]).toEqual([100, 0]);
  });

  test.each([101, -1, 0.5, NaN])('of %p percent is refused', (percent) => {
    expect(faultsOf(() => Rollout.shadow({ percent }))).toEqual([`[invalid-percent] percent ${percent} is not a whole number from 0 to 100 percent; use a value in that range`]);
  });
});

describe('an A/B test', () => {
  test('looks at one thing', () => {
    expect(faultsOf(() => Rollout.abTest({ value: 'b' }))).toEqual(['[invalid-ab-test] an A/B test looks at a header or a cookie, but neither is named; name one of them']);
    expect(faultsOf(() => Rollout.abTest({ header: 'a', cookie: 'a', value: 'b' }))).toEqual(['[invalid-ab-test] an A/B test looks at a header or a cookie, but both are named; name one of them']);
  });

  test('takes only what can be in a header or cookie', () => {
    expect(faultsOf(() => Rollout.abTest({ header: 'x cohort', value: 'ü' }))).toEqual([
      "[invalid-header] header 'x cohort' is not allowed; use 1 to 256 letters, digits or one of !#$%&'*+-.^_`|~",
      "[invalid-value] value 'ü' is not allowed; use 1 to 256 visible ASCII characters",
    ]);
    expect(faultsOf(() => Rollout.abTest({ cookie: 'a=b', value: 'x;y' }))).toEqual([
      "[invalid-cookie] cookie 'a=b' is not allowed; use 1 to 256 letters, digits or one of !#$%&'*+-.^_`|~",
      "[invalid-value] value 'x;y' is not allowed; use 1 to 256 visible ASCII characters without quotes, commas, semicolons or backslashes",
    ]);
    expect(Rollout.abTest({ header: 'x-cohort', value: 'b, c; d' })).toMatchObject({ type: 'ab-test', header: 'x-cohort', value: 'b, c; d', cookie: undefined });
  });
});
