import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fn, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { chartOf, faultOf, validOrRefused } from './support';
import { chartFolder, type ChartFolder } from '../../lib/cluster/manifests/chart-folder';
import { isBuiltInGroup } from '../../lib/cluster/manifests/describe-node';
import { writeChart } from '../../lib/cluster/manifests/write-folder';
import { deployTimePaths, yamlFolder } from '../../lib/cluster/manifests/yaml-folder';

const map = (data: Record<string, unknown>, name = 'app') => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const templateOf = (data: Record<string, unknown>): string => chartFolder('it', [map(data)]).files['templates/configmap-app.yaml'] ?? '';

describe('a generated chart', () => {
  test('holds one JSON document for each object, and its values with where they are used', () => {
    const chart = chartFolder('it', [map({ bucket: Token.asString({ Ref: 'B' }) }), { ...map({}, 'other'), metadata: { name: 'other', namespace: 'ml' } }]);
    expect(chart.files).toEqual({
      'Chart.yaml': `apiVersion: v2\nname: it\nversion: ${chart.version}\ntype: application\ndescription: generated from a cdk8s chart\n`,
      'values.yaml': "T0: null # data.bucket of ConfigMap 'app'\n",
      'templates/configmap-app.yaml': [
        '{', '  "apiVersion": "v1",', '  "kind": "ConfigMap",', '  "metadata": {', '    "name": "app"', '  },', '  "data": {',
        '    "bucket": "{{ .Values.T0 | toString | toJson | trimPrefix "\\"" | trimSuffix "\\"" }}"', '  }', '}', '',
      ].join('\n'),
      'templates/configmap-ml-other.yaml': expect.stringContaining('"data": {}'),
    });
  });

  test('without deploy-time values has none', () => {
    expect(chartFolder('it', [map({})])).toMatchObject({ values: [], files: { 'values.yaml': '{}\n' } });
  });

  test('uses one value for a token however often it occurs', () => {
    const token = Token.asString({ Ref: 'B' });
    expect(chartFolder('it', [map({ a: token, b: `x${token}y${token}` }), map({ c: token }, 'two')]).values).toHaveLength(1);
  });

  test('escapes what a Go template would read', () => {
    expect(templateOf({ a: '{{ x }}', b: 'a{{{b', c: '{' })).toContain('"a": "{{"{{"}} x }}",\n    "b": "a{{"{{{"}}b",\n    "c": "{"');
  });

  test('takes the tokens of Terraform as well', () => {
    // eslint-disable-next-line no-template-curly-in-string
    const chart = chartFolder('it', [map({ a: '${TfToken[TOKEN.0]}', list: ['#{TfToken[TOKEN.1]}'] })]);
    // eslint-disable-next-line no-template-curly-in-string
    expect(chart.values.map((it) => it.token)).toEqual(['${TfToken[TOKEN.0]}', ['#{TfToken[TOKEN.1]}']]);
  });

  test('has the same bytes whatever number its tokens got, and another version when an object changes', () => {
    const make = (): ChartFolder => chartFolder('it', [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: Token.asString({ Ref: 'N' }) }, data: {} }]);
    const first = make();
    Token.asString({ Ref: 'Another' });
    expect(make().files).toEqual(first.files);
    expect(Object.keys(first.files)).toContain('templates/configmap-t0.yaml');
    expect(chartFolder('it', [map({ a: '1' })]).version).not.toBe(chartFolder('it', [map({ a: '2' })]).version);
  });

  test('keeps objects apart whose file names would be the same', () => {
    const role = (group: string) => ({ apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'a' } });
    expect(Object.keys(chartFolder('it', [role('x.io'), role('y.io')]).files).filter((it) => it.startsWith('templates/'))).toHaveLength(2);
  });

  test('is written once under a name that its contents decide', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chart-folder-'));
    try {
      const chart = chartFolder('it', [map({ a: 'b' })]);
      const path = writeChart(folder, chart);
      expect(writeChart(folder, chart)).toBe(path);
      expect(readdirSync(folder)).toEqual([`it-${chart.version.split('+')[1]}`]);
      expect(readFileSync(join(path, 'Chart.yaml'), 'utf8')).toBe(chart.files['Chart.yaml']);
      expect(existsSync(join(path, 'templates/configmap-app.yaml'))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('validation of a chart', () => {
  const fault = (...objects: Record<string, unknown>[]): string => faultOf(() => chartFolder('it', objects)).replace('ValidationError at chart it ', '');

  test.each([
    ['nothing', () => fault(), '[empty-chart]: the chart has no objects; add one before it is delivered'],
    ['an object without a kind', () => fault({ apiVersion: 'v1', metadata: { name: 'a' } }),
      '[incomplete-object]: kind of object 0 is undefined; every object needs apiVersion, kind and metadata.name'],
    ['an object without a name', () => fault({ apiVersion: 'v1', kind: 'ConfigMap' }),
      "[incomplete-object]: metadata.name of object 0 ('ConfigMap') is missing; every object needs apiVersion, kind and metadata.name"],
    ['the same object twice', () => fault(map({}), map({ a: 'b' })), "[duplicate-object]: ConfigMap 'app' is in the chart more than once; keep one of them"],
    ['a definition beside its use', () => fault(
      { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'ks.x.io' }, spec: { group: 'x.io', names: { kind: 'K' } } },
      { apiVersion: 'x.io/v1', kind: 'K', metadata: { name: 'a' } }),
    "[definition-beside-use]: K 'a' is in one chart with its own CustomResourceDefinition, which is not served yet when Helm sends it; deliver the definition in a chart of its own first"],
    ['a CloudFormation function', () => fault(map({ a: { Ref: 'X' } })),
      "[unresolved-intrinsic]: data.a of ConfigMap 'app' is a CloudFormation function that cdk8s wrote out as data; give it as text, for example with Token.asString(value)"],
    ['a list token among literals', () => fault(map({ a: ['x', ...Token.asList({ Ref: 'L' })] })),
      "[mixed-list-token]: data.a of ConfigMap 'app' mixes a list that is known only at deploy time with other entries; build the whole list in one function, or give literals"],
    ['a list token in a text', () => fault(map({ a: `x${Token.asList({ Ref: 'L' }).join(',')}` })),
      "[list-token-in-text]: data.a of ConfigMap 'app' holds a list that is known only at deploy time inside a text; join it with the engine's own function (Fn.join)"],
    ['a number token in a text', () => fault(map({ a: `port ${Token.asNumber({ Ref: 'P' })}` })),
      "[number-token-in-text]: data.a of ConfigMap 'app' holds a number that is known only at deploy time inside a text; turn it into text with the engine's own function (Tokenization.stringifyNumber)"],
    ['a character that Helm loses', () => fault(map({ a: 'x\u0085' })),
      "[invalid-manifest-value]: data.a of ConfigMap 'app' holds the control character U+0085, which Helm cannot carry; encode the text, for example as base64 in binaryData"],
    ['half a character', () => fault(map({ a: '\ud83d' })), "[invalid-manifest-value]: data.a of ConfigMap 'app' holds half of a surrogate pair; give well-formed Unicode"],
    ['what is no data', () => fault(map({ a: () => 1 })), "[invalid-manifest-value]: data.a of ConfigMap 'app' is a value of type function; a manifest holds text, numbers, booleans, lists and maps"],
    ['no number', () => fault(map({ a: NaN })), "[invalid-manifest-value]: data.a of ConfigMap 'app' is NaN; give a finite number"],
  ])('%s is refused', (_, act, message) => expect(act()).toBe(message));

  test('more than Helm can keep of one release is refused with the size', () => {
    let state = 1;
    const noise = Array.from({ length: 1_300_000 }, () => String.fromCharCode(33 + ((state = (state * 48_271) % 2_147_483_647) % 90))).join('').replace(/[{"\\]/g, 'x');
    expect(fault(map({ noise }))).toMatch(/^\[release-too-large\]: the chart needs about \d{4} KiB in Helm's release record, which holds 1024 KiB; split its objects over several charts$/);
  });
});

describe('YAML files', () => {
  const write = (objects: Record<string, unknown>[], wave?: number) => yamlFolder(objects, { path: 'Stack/App', delivery: 'gitOps', wave });

  test('are numbered in the order of the objects', () => {
    expect(write([map({ a: 'b' }), map({}, 'two')])).toEqual({
      '0-configmap-app.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  a: b\n',
      '1-configmap-two.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata: {}\n',
    });
  });

  test('carry their sync wave, unless the object has one of its own', () => {
    expect(Object.values(write([map({})], 3))[0]).toContain('annotations:\n    argocd.argoproj.io/sync-wave: "3"');
    const own = { ...map({}), metadata: { name: 'app', annotations: { 'argocd.argoproj.io/sync-wave': '-1' } } };
    expect(Object.values(write([own], 3))[0]).toContain('sync-wave: "-1"');
  });

  test('cannot hold what is known only at deploy time: each property is named', () => {
    expect(faultOf(() => write([map({ a: [{ b: `s3://${Token.asString({ Ref: 'B' })}` }], list: Fn.split(',', Token.asString({ Ref: 'B' })), n: Token.asNumber({ Ref: 'N' }) })]))).toBe([
      'ValidationError at Stack/App: 3 faults',
      ...['data.a[0].b', 'data.list', 'data.n'].map((path) => `  - [deploy-time-value-in-git] ${path} of ConfigMap 'app' is known only at deploy time, but gitOps delivery writes files at synthesis; give a literal, or deliver with ManifestDelivery.helm()`),
    ].join('\n'));
  });

  test('a key that is known only at deploy time is found too', () => {
    expect(deployTimePaths({ a: { [Token.asString({ Ref: 'K' })]: 1 } }, '')).toHaveLength(1);
  });
});

test.each([
  ['', true], ['apps', true], ['rbac.authorization.k8s.io', true], ['storage.k8s.io', true], ['resource.k8s.io', true],
  ['gateway.networking.k8s.io', false], ['snapshot.storage.k8s.io', false], ['kueue.x-k8s.io', false], ['inference.networking.x-k8s.io', false],
  ['karpenter.sh', false], ['cert-manager.io', false], ['nfd.k8s-sigs.io', false],
])('the group %p comes with every cluster: %p', (group, builtIn) => expect(isBuiltInGroup(group)).toBe(builtIn));

describe('any objects', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{{', '}}', '{', 'a{', '"', '\\', '{{-', 'a.b', Token.asString({ Ref: 'A' }), `x${Token.asString({ Ref: 'B' })}{`));
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: 'small' }, text, fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.constant(Token.asNumber({ Ref: 'C' })),
      fc.constant(Token.asList({ Ref: 'D' })), fc.array(tie('any'), { maxLength: 3 }), fc.dictionary(text, tie('any'), { maxKeys: 3 })),
  })).any;
  const object = fc.record({ apiVersion: fc.oneof(fc.constant('v1'), value), kind: fc.constantFrom('ConfigMap', 'Pod', ''), metadata: fc.record({ name: fc.oneof(text, fc.constant('a')) }), data: value });

  test('become a chart that reads as the same objects, or a ValidationError', () => {
    let charts = 0;
    fc.assert(fc.property(fc.array(object, { maxLength: 3 }), (objects) => {
      let chart: ChartFolder | undefined;
      validOrRefused(() => { chart = chartFolder('any', objects); });
      validOrRefused(() => yamlFolder(objects, { path: 'p', delivery: 'yaml' }));
      if (chart === undefined) return;
      charts++;
      const read = Object.entries(chart.files).filter(([path]) => path.startsWith('templates/')).map(([, text_]) => JSON.parse(render(text_, chart?.values.map((it) => it.name) ?? [])));
      expect(read).toHaveLength(objects.length);
      if (chart.values.length === 0) expect(read).toEqual(objects.map((it) => JSON.parse(JSON.stringify(it))));
    }), { numRuns: 2_000 });
    expect(charts).toBeGreaterThan(200);
  });

  /** What Go's template engine makes of the few actions that we write. */
  function render(template: string, names: string[]): string {
    return template.replace(/\{\{"(\{+)"\}\}|\{\{ \.Values\.(T\d+) (\| toString )?\| toJson.*? \}\}/g, (_, braces: string | undefined, name: string | undefined, inText: string | undefined) => {
      if (braces !== undefined) return braces;
      expect(names).toContain(name);
      return inText === undefined ? '7' : 'seven';
    });
  }
});

test('a cdk8s chart reads the same before and after it is made into files', () => {
  const chart = chartOf(map({ a: 'b' }));
  const before = JSON.stringify(chart.toJson());
  chartFolder('it', chart.toJson());
  expect(JSON.stringify(chart.toJson())).toBe(before);
});
