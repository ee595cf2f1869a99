import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { awsProviderVersion, awsSchema } from './terraform-bindings';
import { validateTerraform } from './terraform-oracle';
import { terraformTools } from './terraform-tools';

const ROLE = 'arn:aws:iam::123456789012:role/cluster';
const tools = terraformTools();
const withTools = tools === undefined ? describe.skip : describe;

withTools('the Terraform oracle', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'terraform-oracle-')); });
  afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

  function findings(resource: object): string[] {
    const program = { terraform: { required_providers: { aws: { source: 'aws' }, helm: { source: 'hashicorp/helm' } } }, provider: { aws: [{ region: 'eu-west-1' }] }, resource };
    writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify(program));
    return validateTerraform(folder, tools!).map((found) => `${found.summary}: ${found.detail}`);
  }

  test('finds a correct program valid against the bindings\' schema', () => {
    expect(findings({
      aws_vpc: { main: { cidr_block: '10.0.0.0/16' } },
      aws_eks_cluster: { main: { name: 'a', role_arn: ROLE, vpc_config: { subnet_ids: ['${aws_vpc.main.id}'] } } },
      helm_release: { main: { name: 'a', chart: './chart', values: ['${jsonencode({ vpc = aws_vpc.main.arn })}'] } },
    })).toEqual([]);
  }, 60_000);

  test.each([
    ['a missing argument', { aws_eks_cluster: { a: { name: 'a', vpc_config: { subnet_ids: ['s'] } } } }, 'The argument "role_arn" is required'],
    ['a missing block', { aws_eks_cluster: { a: { name: 'a', role_arn: ROLE } } }, 'At least 1 "vpc_config" blocks are required'],
    ['a block given twice', { aws_eks_cluster: { a: { name: 'a', role_arn: ROLE, vpc_config: [{ subnet_ids: ['s'] }, { subnet_ids: ['t'] }] } } }, 'No more than 1 "vpc_config" blocks are allowed'],
    ['an unknown argument', { aws_vpc: { a: { cidr_blocks: '10.0.0.0/16' } } }, 'Did you mean "cidr_block"?'],
    ['an unknown argument of a block', { aws_s3_bucket_versioning: { a: { bucket: 'b', versioning_configuration: { statuz: 'Enabled' } } } }, 'Did you mean "status"?'],
    ['a wrong type', { aws_eks_cluster: { a: { name: 'a', role_arn: ROLE, vpc_config: { subnet_ids: 's' } } } }, 'set of string required'],
    ['an unknown resource', { aws_vpcs: { a: {} } }, 'does not support resource type "aws_vpcs"'],
    ['an attribute that does not exist', { aws_vpc: { a: { cidr_block: '10.0.0.0/16' } }, aws_subnet: { a: { vpc_id: '${aws_vpc.a.idd}' } } }, 'This object has no argument, nested block, or exported attribute named "idd"'],
    ['a helm release without a chart', { helm_release: { a: { name: 'a' } } }, 'The argument "chart" is required'],
    ['a helm release with an unknown argument', { helm_release: { a: { name: 'a', chart: 'c', atomicc: true } } }, 'Did you mean "atomic"?'],
    ['a helm release with values of a wrong type', { helm_release: { a: { name: 'a', chart: 'c', values: { a: 1 } } } }, 'list of string required'],
  ])('bites on %s', (_fault, resource, message) => {
    expect(findings(resource).join('\n')).toContain(message);
  }, 60_000);
});

describe('the schema read from the bindings', () => {
  test('knows which arguments the provider requires', () => {
    const { attributes } = awsSchema(['aws_subnet'], []).resource_schemas.aws_subnet!.block;
    expect(attributes.vpc_id).toEqual({ type: 'string', required: true });
    expect(attributes.tags).toEqual({ type: ['map', 'string'], optional: true, computed: true });
    expect(attributes.arn).toEqual({ type: 'string', computed: true });
  });

  test('takes names from what the bindings emit where they differ from the property', () => {
    const { attributes } = awsSchema(['aws_instance'], []).resource_schemas.aws_instance!.block;
    expect(attributes.get_password_data).toEqual({ type: 'bool', optional: true, computed: true });
  });

  test('covers every resource and data source of the bindings', () => {
    const folder = join(dirname(require.resolve('@cdktn/provider-aws/package.json')), 'lib');
    const resources: string[] = [];
    const dataSources: string[] = [];
    for (const name of readdirSync(folder).filter((entry) => !entry.includes('.') && !entry.startsWith('provider'))) {
      const text = readFileSync(join(folder, name, 'index.d.ts'), 'utf8');
      const type = /static readonly tfResourceType = "(\w+)"/.exec(text)?.[1];
      if (type !== undefined && text.includes('extends cdktn.TerraformResource')) resources.push(type);
      if (type !== undefined && text.includes('extends cdktn.TerraformDataSource')) dataSources.push(type);
    }
    const schema = awsSchema(resources, dataSources);
    expect(resources.length).toBeGreaterThan(1_000);
    expect(Object.keys(schema.resource_schemas)).toEqual(resources);
    expect(Object.keys(schema.data_source_schemas)).toEqual(dataSources);
    expect(awsProviderVersion()).toMatch(/^6\.\d+\.\d+$/);
  }, 120_000);
});
