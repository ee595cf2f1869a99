import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic';
import { IamRole } from '@cdktn/provider-aws/lib/iam-role';
import { KmsKey } from '@cdktn/provider-aws/lib/kms-key';
import { Duration } from 'aws-cdk-lib';
import { ApiObject, Chart, Testing } from 'cdk8s';
import * as cdktf from 'cdktf';
import { Fn, TerraformOutput } from 'cdktn';
import { Construct } from 'constructs';
import { transformSync } from 'esbuild';
import { validateTerraform } from './terraform-oracle';
import { terraformTools } from './terraform-tools';
import { ClusterAccess, HelmProvider, ManifestRelease } from '../../lib/terraform/cluster';
import { Column, DataLake, IcebergType, Partition, Sort, Zone } from '../../lib/terraform/data';
import { InterfaceEndpoint, MlNetwork } from '../../lib/terraform/network';
import { snippets } from '../support/markdown';
import { outdir, removeSynthesized, resourcesOf, synthesize, synthesizeInCdktf } from '../terraform/synthesize';

const tools = terraformTools();
const withTools = tools === undefined ? describe.skip : describe;

/** Everything that the room has, in one stack. */
function platform(stack: Construct): MlNetwork {
  const chart = new Chart(Testing.app(), 'chart');
  const net = new MlNetwork(stack, 'Network', { availabilityZones: 3, natGateways: 3, interfaceEndpoints: [InterfaceEndpoint.EKS, InterfaceEndpoint.STS] });
  new ApiObject(chart, 'Settings', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { vpc: net.vpcId } });
  new HelmProvider(stack, 'Helm', { access: ClusterAccess.eks({ clusterName: 'ml', endpoint: 'https://example', certificateAuthority: 'QQ==' }) });
  new ManifestRelease(stack, 'Settings', { chart, timeout: Duration.minutes(2), dependsOn: [net.resource] });
  const key = new KmsKey(stack, 'Key');
  const table = new DataLake(stack, 'Lake', { encryptionKey: key }).addTable('Transactions', {
    columns: [
      Column.required('customer_id', IcebergType.LONG),
      Column.required('event_time', IcebergType.TIMESTAMPTZ, { comment: 'when it was paid' }),
      Column.optional('items', IcebergType.list(IcebergType.struct(Column.required('price', IcebergType.decimal(12, 2))))),
    ],
    partitionBy: [Partition.day('event_time'), Partition.bucket('customer_id', 16)],
    sortBy: [Sort.ascending('customer_id')],
    identifiedBy: ['customer_id'],
    properties: { 'write.parquet.compression-codec': 'zstd' },
  });
  const role = new IamRole(stack, 'Role', { assumeRolePolicy: '{}' });
  table.grants.write(role);
  const plain = new DataLake(stack, 'Plain', { accessLogs: false, noncurrentVersionExpiration: Duration.days(1) });
  plain.grants.read(role, Zone.RAW);
  plain.grants.write(role, Zone.RAW);
  return net;
}

afterAll(removeSynthesized);

withTools('the first example of the README', () => {
  test('runs, and is valid by the bindings\' schema', () => {
    const [first] = snippets(readFileSync(resolve(__dirname, '../../lib/terraform/README.md'), 'utf8'), 'ts');
    const folder = outdir();
    process.env.CDKTF_OUTDIR = folder;
    try {
      new Function('require', 'exports', transformSync(first!, { loader: 'ts', format: 'cjs' }).code)(require, {});
    } finally {
      delete process.env.CDKTF_OUTDIR;
    }
    const program = join(folder, 'stacks', 'Platform');
    expect(readFileSync(join(program, 'cdk.tf.json'), 'utf8')).toContain('aws_glue_catalog_table');
    expect(validateTerraform(program, tools!)).toEqual([]);
  }, 60_000);
});

withTools('the Terraform room, by the bindings\' schema', () => {
  test('is valid in a cdktn app', () => {
    const { folder } = synthesize((stack) => { platform(stack); });
    expect(validateTerraform(folder, tools!)).toEqual([]);
  }, 60_000);

  test('is valid in a cdktf app beside a user\'s own @cdktf/provider-aws resources that refer to it, with functions of both', () => {
    const { folder, program } = synthesizeInCdktf((stack) => {
      const net = platform(stack);
      const topic = new SnsTopic(stack, 'Topic', { name: cdktf.Fn.join('-', ['network', net.vpcId]) });
      new cdktf.TerraformOutput(stack, 'Upper', { value: Fn.upper(topic.arn) });
      new TerraformOutput(stack, 'Count', { value: Fn.lengthOf(net.privateSubnetIds) });
    });
    expect(validateTerraform(folder, tools!)).toEqual([]);
    expect(existsSync(String(resourcesOf(program, 'helm_release')[0]?.chart).replace('${path.module}', folder))).toBe(true);
    expect(resourcesOf(program, 'aws_sns_topic')[0]?.name).toMatch(/^\$\{join\("-", \["network", aws_vpc\.\w+\.id\]\)\}$/);
    expect(program.output?.Upper?.value).toMatch(/^\$\{upper\(aws_sns_topic\.\w+\.arn\)\}$/);
  }, 60_000);
});
