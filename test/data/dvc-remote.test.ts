import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as requests from './dvc-requests.json';
import { allows as allowsIn, type AwsRequest } from './iam';
import { faultsOf } from './support';
import { DataLake, DvcRemote, DvcRemoteProps, Zone } from '../../lib/data';
import { nag, validate } from '../conformance/cloudformation-oracles';

function make(props: Partial<DvcRemoteProps> = {}, id = 'Team') {
  const app = new App();
  const stack = new Stack(app, 'Data', { env: { region: 'eu-west-1' } });
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'lake');
  const lake = DataLake.fromBuckets(stack, 'Lake', { artifacts: bucket, databaseName: 'shop' });
  const before = stack.node.findAll().length;
  const remote = new DvcRemote(stack, id, { lake, ...props });
  return { app, stack, lake, remote, made: stack.node.findAll().length - before };
}

function statements(grant: (remote: DvcRemote, role: iam.Role) => unknown): any[] {
  const { stack, remote } = make();
  grant(remote, new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
  const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  return policy!.Properties.PolicyDocument.Statement;
}

const allows = (all: any[], request: AwsRequest) => allowsIn(all, request, 'lake');

describe('a DVC remote', () => {
  test('gives the configuration to commit, which DVC 3.67.1 took as it is', () => {
    const { remote, made } = make();
    expect(remote.config).toBe([
      '[core]',
      '    remote = team',
      '[\'remote "team"\']',
      '    url = s3://lake/dvc/team',
      '    region = eu-west-1',
      '',
    ].join('\n'));
    expect(remote.url).toBe('s3://lake/dvc/team');
    expect(made).toBe(1); // the construct itself, and no resource
  });

  test('takes a name, a prefix and a zone', () => {
    expect(make({}, 'FraudTeam').remote.url).toBe('s3://lake/dvc/fraud-team');
    const { remote } = make({ remoteName: 'images', prefix: 'versions/images' });
    expect([remote.remoteName, remote.url]).toEqual(['images', 's3://lake/versions/images']);
    const lake = new DataLake(new Stack(new App(), 'Data'), 'Lake');
    const raw = new DvcRemote(lake, 'Team', { lake, zone: Zone.RAW });
    expect(Stack.of(lake).resolve(raw.url)).toEqual({ 'Fn::Join': ['', ['s3://', { Ref: expect.stringContaining('RawBucket') }, '/dvc/team']] });
  });

  test('lets readers do what a real DVC asked for, below the prefix only', () => {
    const all = statements((remote, role) => remote.grants.read(role));
    expect(requests.read.filter((request) => !allows(all, request))).toEqual([]);
    expect(requests.write.filter((request) => allows(all, request))).toEqual([]);
    expect(allows(all, { action: 's3:GetObject', key: 'dvc/other/x' })).toBe(false);
    expect(allows(all, { action: 's3:GetObject', key: 'dvc/team2/x' })).toBe(false);
    expect(allows(all, { action: 's3:ListBucket', prefix: 'dvc/team2/' })).toBe(false);
  });

  test('lets writers push and collect garbage besides', () => {
    const all = statements((remote, role) => remote.grants.write(role));
    expect([...requests.read, ...requests.write].filter((request) => !allows(all, request))).toEqual([]);
    expect(allows(all, { action: 's3:PutObject', key: 'dvc/team2/x' })).toBe(false);
    expect(new Set(all.flatMap(({ Action }) => Action))).toEqual(new Set(['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload']));
  });

  test('comes with the key of the bucket', () => {
    const stack = new Stack(new App(), 'Data');
    const lake = new DataLake(stack, 'Lake', { encryptionKey: new kms.Key(stack, 'Key') });
    new DvcRemote(stack, 'Team', { lake }).grants.read(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt' })]) } });
  });

  test('is refused with every fault at once', () => {
    expect(faultsOf(() => make({ remoteName: 'Team A', prefix: '/dvc/', zone: Zone.RAW }))).toEqual([
      '[invalid-remote-name] remoteName \'Team A\' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting with a letter or digit',
      '[invalid-prefix] prefix \'/dvc/\' is not allowed; use letters, digits, dots, hyphens and underscores, in parts separated by single slashes, without slashes at the ends',
      '[unknown-zone] zone \'raw\' has no bucket in this imported lake, which has artifacts; name one in DataLake.fromBuckets',
    ]);
  });

  test('passes the validator and cdk-nag', () => {
    const estate = () => {
      const { app, stack, remote } = make();
      remote.grants.write(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
      return app;
    };
    expect(validate(estate())).toEqual([]);
    expect(nag(estate())).toEqual([]);
  }, 60_000);
});
