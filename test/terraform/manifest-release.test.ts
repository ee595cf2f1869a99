import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DbInstance } from '@cdktn/provider-aws/lib/db-instance';
import { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket';
import { SnsTopic } from '@cdktn/provider-aws/lib/sns-topic';
import { Vpc } from '@cdktn/provider-aws/lib/vpc';
import { Duration } from 'aws-cdk-lib';
import { ApiObject, Chart, Testing } from 'cdk8s';
import { App, TerraformStack, TerraformVariable } from 'cdktn';
import type { Construct } from 'constructs';
import * as fc from 'fast-check';
import { outcome, outdir, removeSynthesized, resourcesOf, synthesize, type Synthesized } from './synthesize';
import { chartFolder } from '../../lib/cluster/manifests/chart-folder';
import { releaseNameOf } from '../../lib/cluster/manifests/release';
import { ClusterAccess, HelmProvider, ManifestRelease, type ManifestReleaseProps } from '../../lib/terraform/cluster';

afterAll(removeSynthesized);

function chartOf(data: Record<string, unknown>): Chart {
  const chart = new Chart(Testing.app(), 'chart');
  new ApiObject(chart, 'Settings', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data });
  return chart;
}

function provider(stack: Construct): void {
  new HelmProvider(stack, 'Helm', { access: ClusterAccess.kubeconfig('~/.kube/config', 'prod') });
}

/** The folder of the generated chart, as the program names it. */
function chartOnDisk({ folder, program }: Synthesized): string {
  const [release] = resourcesOf(program, 'helm_release');
  return String(release?.chart).replace('${path.module}', folder);
}

describe('a release of Kubernetes objects in Terraform', () => {
  test('installs the generated chart that the CDK installs', () => {
    const synthesized = synthesize((stack) => {
      provider(stack);
      new ManifestRelease(stack, 'FraudModel', { chart: chartOf({ greeting: 'hello {{ you }}' }) });
    });
    const expected = chartFolder('manifests', chartOf({ greeting: 'hello {{ you }}' }).toJson());
    const folder = chartOnDisk(synthesized);
    for (const [path, text] of Object.entries(expected.files)) expect(readFileSync(join(folder, path), 'utf8')).toBe(text);
    expect(resourcesOf(synthesized.program, 'helm_release')).toEqual([{
      name: releaseNameOf('Stack/FraudModel'), chart: expect.stringMatching(/^\$\{path\.module\}\/manifests\/FraudModel_\w+\/[0-9a-f]{16}$/), namespace: 'default', create_namespace: true,
      atomic: false, wait: false, timeout: 600, max_history: 5,
    }]);
    expect(synthesized.program.terraform?.required_providers?.helm).toEqual({ source: 'hashicorp/helm', version: '>= 3.1.0, < 4.0.0' });
  });

  test('hands values of other resources to the chart', () => {
    const synthesized = synthesize((stack) => {
      provider(stack);
      const bucket = new S3Bucket(stack, 'Bucket');
      const database = new DbInstance(stack, 'Database', { instanceClass: 'db.t4g.micro' });
      const { arn, bucket: name } = bucket;
      const chart = chartOf({ bucket: name, both: `${arn}/${name}`, port: database.port, zones: database.enabledCloudwatchLogsExports });
      new ManifestRelease(stack, 'App', { chart });
    });
    const [release] = resourcesOf(synthesized.program, 'helm_release');
    const bucket = Object.keys(synthesized.program.resource!.aws_s3_bucket!)[0]!;
    const database = Object.keys(synthesized.program.resource!.aws_db_instance!)[0]!;
    expect(release?.values).toEqual([
      `\${jsonencode({"T0" = aws_s3_bucket.${bucket}.arn, "T1" = aws_s3_bucket.${bucket}.bucket, "T2" = aws_db_instance.${database}.port, "T3" = tolist(aws_db_instance.${database}.enabled_cloudwatch_logs_exports)})}`,
    ]);
    const template = readFileSync(join(chartOnDisk(synthesized), 'templates/configmap-settings.yaml'), 'utf8');
    expect(template).toContain('"port": {{ .Values.T2 | toJson }}');
    expect(template).not.toContain('Token');
  });

  test('lies in another folder as soon as its contents are others', () => {
    const synthesized = ['a', 'a', 'b'].map((value) => chartOnDisk(synthesize((stack) => {
      provider(stack);
      new ManifestRelease(stack, 'App', { chart: chartOf({ value }) });
    })));
    const [first, same, other] = synthesized.map((path) => path.split('/').pop());
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  test('removes the folder of earlier contents', () => {
    const folder = outdir();
    for (const value of ['a', 'b']) {
      const app = new App({ outdir: folder });
      const stack = new TerraformStack(app, 'Stack');
      provider(stack);
      new ManifestRelease(stack, 'App', { chart: chartOf({ value }) });
      app.synth();
    }
    const [release, ...others] = readdirSync(join(folder, 'stacks/Stack/manifests'));
    expect(others).toEqual([]);
    expect(readdirSync(join(folder, 'stacks/Stack/manifests', release!))).toHaveLength(1);
  });

  test('refuses objects that are added after it was made', () => {
    expect(() => synthesize((stack) => {
      provider(stack);
      const chart = chartOf({});
      new ManifestRelease(stack, 'App', { chart });
      new ApiObject(chart, 'Late', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } });
    })).toThrow('chart chart was changed after it was delivered; add and change its objects before');
  });

  test('is kept in the chart\'s namespace, unless the chart makes that one itself', () => {
    const namespaces = [false, true].map((own) => {
      const chart = new Chart(Testing.app(), 'chart', { namespace: 'models' });
      new ApiObject(chart, 'Object', own ? { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'models' } } : { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
      const { program } = synthesize((stack) => { provider(stack); new ManifestRelease(stack, 'App', { chart }); });
      return resourcesOf(program, 'helm_release')[0]?.namespace;
    });
    expect(namespaces).toEqual(['models', 'default']);
  });

  test('waits, times out, depends and names itself as asked', () => {
    const { program } = synthesize((stack) => {
      const helm = new HelmProvider(stack, 'Helm', { alias: 'second', access: ClusterAccess.eks({ clusterName: 'ml', endpoint: 'https://example', certificateAuthority: 'QQ==' }) });
      const topic = new SnsTopic(stack, 'Topic');
      const first = new ManifestRelease(stack, 'First', { chart: chartOf({}), provider: helm });
      new ManifestRelease(stack, 'Second', {
        chart: chartOf({}), provider: helm, releaseName: 'two', namespace: 'models', wait: true, timeout: Duration.minutes(10), dependsOn: [first.resource, topic],
      });
    });
    const second = resourcesOf(program, 'helm_release').find((release) => release.name === 'two');
    expect(second).toMatchObject({ namespace: 'models', wait: true, atomic: true, timeout: 600, provider: 'helm.second' });
    expect(second?.depends_on).toEqual([expect.stringMatching(/^helm_release\.First_/), expect.stringMatching(/^aws_sns_topic\.Topic/)]);
    expect(program.provider?.helm).toEqual([{
      alias: 'second',
      kubernetes: {
        host: 'https://example', cluster_ca_certificate: '${base64decode("QQ==")}',
        exec: { api_version: 'client.authentication.k8s.io/v1beta1', command: 'aws', args: ['eks', 'get-token', '--cluster-name', 'ml'] },
      },
    }]);
  });

  test('refuses a stack without a helm provider', () => {
    expect(() => synthesize((stack) => { new ManifestRelease(stack, 'App', { chart: chartOf({}) }); })).toThrow(/helm/);
  });

  test('refuses objects that no chart can hold', () => {
    const chart = chartOf({});
    new ApiObject(chart, 'Again', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } });
    const stack = new TerraformStack(new App(), 'Stack');
    expect(() => new ManifestRelease(stack, 'App', { chart })).toThrow("ValidationError at Stack/App [duplicate-object]: ConfigMap 'settings' is in the chart more than once; keep one of them");
  });
});

describe('HCL instead of JSON', () => {
  test('has every argument of the provider and the release', () => {
    const app = new App({ outdir: outdir(), hclOutput: true });
    process.env.SYNTH_HCL_OUTPUT = 'true'; // read when the stack is made
    const stack = new TerraformStack(app, 'Stack');
    delete process.env.SYNTH_HCL_OUTPUT;
    provider(stack);
    new ManifestRelease(stack, 'App', { chart: chartOf({ secret: new TerraformVariable(stack, 'Secret', { type: 'string' }).stringValue }), timeout: Duration.minutes(1) });
    app.synth();
    const hcl = readFileSync(join(app.outdir, 'stacks', 'Stack', 'cdk.tf'), 'utf8');
    expect(hcl).toMatch(/provider "helm" \{[^}]*kubernetes = \{\s+config_path = "~\/.kube\/config"\s+config_context = "prod"\s+\}/);
    const arguments_ = [...hcl.slice(hcl.indexOf('resource "helm_release"')).matchAll(/^ *(\w+) = (.*)$/gm)].map(([, name, value]) => `${name} ${value}`);
    expect(arguments_.sort()).toEqual([
      'atomic false', expect.stringMatching(/^chart "\$\{path\.module\}\/manifests\/App_\w+\/\w{16}"$/), 'create_namespace true', 'max_history 5',
      `name "${releaseNameOf('Stack/App')}"`, 'namespace "default"', 'timeout 60', 'values [', 'wait false',
    ]);
    expect(hcl).toContain('jsonencode({"T0" = var.Secret})');
  });
});

describe('wrong input of a release in Terraform', () => {
  test('is refused with every fault, before anything exists', () => {
    const stack = new TerraformStack(new App(), 'Stack');
    const network = new Vpc(stack, 'Vpc');
    expect(() => new ManifestRelease(stack, 'App', { chart: chartOf({}), releaseName: network.id, namespace: 'Models', timeout: Duration.hours(2) })).toThrow([
      'ValidationError at Stack/App: 3 faults',
      '  - [unresolved-release-name] releaseName is known only at deploy time, but it decides what is created; give a literal',
      "  - [invalid-namespace] namespace 'Models' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      '  - [invalid-timeout] timeout 7200 is not a whole number from 1 to 3600 seconds; use a value in that range',
    ].join('\n'));
    expect(stack.node.children).toEqual([network]);
  });

  test('gives a release or a ValidationError, whatever it is', () => {
    const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) => fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: wrong });
    const inputs = fc.record({
      releaseName: mostly(fc.constantFrom('a', 'model-1'), fc.string()),
      namespace: mostly(fc.constantFrom('default', 'models'), fc.string()),
      wait: fc.boolean(),
      timeout: mostly(fc.integer({ min: 1, max: 3600 }).map((seconds) => Duration.seconds(seconds)), fc.integer({ min: 0 }).map((ms) => Duration.millis(ms))),
      data: fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.constant('${TfToken[TOKEN.0]}')), { noNullPrototype: true }),
    }, { requiredKeys: ['data'] });
    let made = 0;
    fc.assert(fc.property(inputs, ({ data, ...input }) => {
      const result = outcome(() => {
        const props: ManifestReleaseProps = { ...input, chart: chartOf(data) };
        return resourcesOf(synthesize((stack) => { provider(stack); new Vpc(stack, 'Vpc').id; new ManifestRelease(stack, 'App', props); }).program, 'helm_release');
      });
      if (Array.isArray(result)) {
        expect(result).toMatchObject([{ name: input.releaseName ?? releaseNameOf('Stack/App'), timeout: input.timeout?.toSeconds() ?? 600 }]);
        made += 1;
      } else {
        expect(result).toMatch(/^ValidationError at /);
      }
    }), { numRuns: 50 });
    expect(made).toBeGreaterThan(5);
  }, 60_000);
});
