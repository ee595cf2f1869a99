import { App, CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { apps } from './apps';
import { cfnLint, findCfnLint } from './cfn-lint';
import { type Explanation, nag, unexplained, validate } from './cloudformation-oracles';
import { starterPlatform } from '../../stacks/starter/starter';

const EXPLAINED: Explanation[] = [
  {
    rule: 'W3005', message: /^'\w+' dependency already enforced by a 'GetAtt'/,
    reason: 'aws-cdk-lib lets its functions depend on their roles twice; once would do',
  },
  {
    rule: 'W3005', message: /^'\w+' dependency already enforced by a 'Ref'/,
    reason: 'aws-cdk-lib lets its cluster depend on the subnets that it names; in one stack once would do',
  },
  {
    rule: 'W3691', message: /^Engine version '17' for engine 'postgres'/,
    reason: 'a major version is what RDS resolves to its default minor version; a pinned one would be set back after an automatic upgrade',
  },
  {
    rule: 'W6001', message: /is an import from another output$/,
    reason: 'an output for people that names a bucket of another stack',
  },
];

/** A template with one fault for each oracle. */
function wrong(): App {
  const app = new App();
  const stack = new Stack(app, 'Wrong');
  new CfnResource(stack, 'Table', {
    type: 'AWS::DynamoDB::Table',
    properties: { KeySchema: [{ AttributeName: 'model', KeyType: 'PRIMARY' }], AttributeDefinitions: 'none', BillingMode: 'SOMETIMES' },
  });
  new s3.Bucket(stack, 'Open');
  return app;
}

const everyApp = apps();

describe.each(everyApp)('every stack of %s', (_, app) => {
  test('is what CloudFormation\'s own schemas accept', () => {
    expect(unexplained(validate(app), EXPLAINED)).toEqual([]);
  });

  test('has no finding of cdk-nag that its construct does not explain', () => {
    expect(nag(app)).toEqual([]);
  });
});

describe('the oracles bite', () => {
  test('aws-cdk-lib\'s validator on a wrong template', () => {
    expect(validate(wrong()).map(({ where }) => where)).toContain('Wrong.template.json Table');
  });

  test('cdk-nag on an open bucket', () => {
    expect(nag(wrong()).map(({ rule }) => rule)).toEqual(expect.arrayContaining(['AwsSolutions-S1', 'AwsSolutions-S10']));
  });

  test('cdk-nag on a right that a construct of ours did not give', () => {
    const app = new App();
    const { models } = starterPlatform(app);
    models.server.taskRole.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['s3:Get*'], resources: ['*'] }));
    expect(nag(app).map(({ rule }) => rule).sort()).toEqual(['AwsSolutions-IAM5[Action::s3:Get*]', 'AwsSolutions-IAM5[Resource::*]']);
  });

  test('an explanation covers its own finding only', () => {
    const finding = { rule: 'W3691', where: '', message: "Engine version '11' for engine 'postgres' is deprecated" };
    expect(unexplained([finding], EXPLAINED)).toEqual([finding]);
  });
});

const linter = findCfnLint();
if (linter === undefined && process.env.CI !== 'true') {
  process.stderr.write('not run: cfn-lint over every stack (no Python with cfn-lint in ML_TEST_PYTHON, no cfn-lint on the PATH)\n');
}

(linter === undefined && process.env.CI !== 'true' ? describe.skip : describe)('cfn-lint', () => {
  const lint = (all: App[], memory?: string) => {
    if (linter === undefined) throw new Error('cfn-lint is not here: set ML_TEST_PYTHON to a Python that has it');
    return cfnLint(linter, all.flatMap((app) => app.synth().stacks.map(({ templateFullPath }) => templateFullPath)), memory);
  };

  // at once: it takes longer to start than to read a template
  test('has nothing to say about any of them that is not explained', () => {
    expect(unexplained(lint(everyApp.map(([, app]) => app), 'stacks'), EXPLAINED)).toEqual([]);
  }, 300_000);

  test('bites on a wrong template', () => {
    expect(lint([wrong()]).map(({ rule }) => rule)).toEqual(expect.arrayContaining(['E3012', 'E3018']));
  }, 120_000);
});
