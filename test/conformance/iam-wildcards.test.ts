import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Fn, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { apps } from './apps';
import { wildcardsOf, wildcardsPage } from './iam-wildcards';

const PAGE = join(__dirname, '../../docs/iam-wildcards.md');

describe('wildcards in the rights that stacks and examples give', () => {
  const wildcards = apps().flatMap(([, app]) => wildcardsOf(app));

  test('have a reason each', () => {
    expect(wildcards.filter(({ reason }) => reason === undefined)).toEqual([]);
  });

  test('are listed', () => {
    const page = wildcardsPage(wildcards);
    if (process.env.UPDATE_IAM_WILDCARDS) writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  });
});

test('a wildcard that nobody explains is found, also in a policy that is text', () => {
  const stack = new Stack(new App(), 'Stack');
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:Get*'], resources: ['arn:aws:s3:::one/key'] }));
  new iam.CfnManagedPolicy(stack, 'Text', { policyDocument: Fn.sub(JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'ec2:RunInstances', Resource: 'arn:${AWS::Partition}:ec2:*' }] })) });
  expect(wildcardsOf(stack.node.root as App)).toEqual([
    { what: 'Action::s3:Get*', where: 'Role/DefaultPolicy/Resource', reason: undefined },
    { what: 'Resource::arn:<AWS::Partition>:ec2:*', where: 'Text', reason: undefined },
  ]);
});
