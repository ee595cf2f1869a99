import { cfnLint, findCfnLint } from './cfn-lint';
import { nag, unexplained, validate } from './cloudformation-oracles';
import { ESTATES as DATA } from '../data/estates';
import { ESTATES as FEATURES } from '../features/estates';
import { ESTATES as NETWORK } from '../network/estates';
import { ESTATES as REGISTRY } from '../registry/estates';
import type { Estate } from '../support/estate';

/** Each room's constructs in every shape; each oracle starts once for all of them. */
const estates = Object.entries({ ...NETWORK, ...DATA, ...REGISTRY, ...FEATURES }).map(([name, estate]) => ({ name, app: estate.make(), ...estate }));

describe.each(estates)('templates of $name', ({ app, ofTheTest = () => false }) => {
  test('are what CloudFormation\'s own schemas accept', () => {
    expect(validate(app)).toEqual([]);
  }, 60_000);

  test('have no finding of cdk-nag that their construct does not explain', () => {
    expect(nag(app).filter((finding) => !ofTheTest(finding))).toEqual([]);
  }, 60_000);
});

const linter = findCfnLint();
if (linter === undefined) process.stderr.write('not run: cfn-lint over the rooms\' templates (no Python with cfn-lint in ML_TEST_PYTHON, no cfn-lint on the PATH)\n');
(linter === undefined ? test.skip : test)('cfn-lint has nothing to say about any of them that is not explained', () => {
  const paths = (estate: Estate & { app: typeof estates[number]['app'] }): string[] => estate.app.synth().stacks.map(({ templateFullPath }) => templateFullPath);
  const findings = cfnLint(linter!, estates.flatMap(paths), 'estates');
  expect(unexplained(findings, estates.flatMap(({ explained = [] }) => explained))).toEqual([]);
}, 180_000);
