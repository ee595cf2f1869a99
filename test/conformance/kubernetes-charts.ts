import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apps } from './apps';
import { helmReleases, type HelmRelease } from './helm-releases';
import { customResourceDefinitions } from './kubernetes-fixtures';
import { type KubernetesOracle, manifestObjects } from './kubernetes-oracle';
import { describeWithTools } from './tools';
import { PlatformVersion } from '../../lib/core/versions';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { run } from '../../lib/local/toolchain/commands';
import { requireTool, tools } from '../../lib/local/toolchain/tool';
import { everyAddOn } from '../support/cluster-add-ons';
import { imagesOf, podsOf } from '../support/cluster-pods';

const MIRROR = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror';
const KNOWN = [...tools().keys()].filter(name => name.startsWith('chart-'));

const chartOf = ({ chart }: HelmRelease): string => chart ?? '';

const everything = [
  ['every add-on', everyAddOn(undefined)] as const,
  ['every add-on, highly available and from a mirror', everyAddOn(2, { imageMirror: MIRROR })] as const,
  ...apps(),
].map(([name, app]) => ({ name, releases: helmReleases(app) }));
const defined = new Set(customResourceDefinitions().map(versionsOf));
const namespaces = everything.flatMap(({ releases }) => releases).flatMap(({ folder }) => folder === undefined ? [] : namespacesIn(join(folder, 'templates')));
const pulled = everything.flatMap(({ name, releases }) => releases.filter(({ folder }) => folder === undefined)
  .map((release): [string, HelmRelease] => [`${chartOf(release)} of ${name}`, release]));
/** Each chart once for each set of values. */
const rendered = [...new Map(pulled.filter(([, release]) => KNOWN.includes(`chart-${chartOf(release)}`))
  .map(entry => [`${entry[1].chart} ${JSON.stringify(entry[1].values)}`, entry] as const).reverse()).values()].reverse();

/** The real charts of the pinned versions with the values that stacks, examples and every add-on give them. */
export const describeCharts = (oracle: () => KubernetesOracle): void => describeWithTools('charts of other projects with our values', ['helm', ...KNOWN], () => {
  const folder = mkdtempSync(join(tmpdir(), 'helm-render-'));
  let helm: string;
  let served: string[];

  async function render(release: HelmRelease): Promise<KubernetesObject[]> {
    const values = join(folder, `${release.release}.json`);
    writeFileSync(values, JSON.stringify(release.values));
    const env = { ...process.env, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
    return manifestObjects(await run(helm, [
      'template', release.release, await requireTool(`chart-${chartOf(release)}`), '--namespace', release.namespace, '--values', values,
      '--kube-version', PlatformVersion.V2026_11.kubernetesVersion, '--api-versions', served.join(','), '--include-crds', '--skip-tests',
    ], { env }));
  }

  beforeAll(async () => {
    helm = await requireTool('helm');
    const groups = (await oracle().server.client.request('GET', '/apis')).body.groups as { versions: { groupVersion: string }[] }[];
    served = ['v1', ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion))];
    for (const namespace of namespaces) await oracle().server.client.create(namespace);
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** With the release's namespace where an object names none, as helm sends it. */
  const located = async (object: KubernetesObject, namespace: string): Promise<KubernetesObject> =>
    object.metadata?.namespace !== undefined || !await oracle().server.client.isNamespaced(object) ? object
      : { ...object, metadata: { ...object.metadata, namespace } };

  test.each(rendered)('%s: the API server takes its objects, its pods meet our Pod Security and run the images that we list', async (_, release) => {
    const objects = await Promise.all((await render(release)).map(async it => located(it, release.namespace)));
    expect(objects.length).toBeGreaterThan(0);
    // a definition that the server has from the start took it long enough to read
    const others = objects.filter(it => it.kind !== 'CustomResourceDefinition' || !defined.has(versionsOf(it)));
    expect(await oracle().rejections(others)).toEqual([]);
    const pods = podsOf(objects);
    expect(await oracle().judge(pods)).toEqual({ rejections: [], warnings: [] });
    const mirrored = JSON.stringify(release.values).includes(MIRROR);
    const listed = PlatformVersion.V2026_11.images(chartOf(release)).map(image => mirrored ? `${MIRROR}/${image}` : image);
    expect(imagesOf(pods).filter(image => !listed.includes(image))).toEqual([]);
  }, 60_000);

  test('a value that the chart takes and Kubernetes does not is found', async () => {
    const [, gateway] = rendered.find(([name]) => name.startsWith('envoy-gateway-helm')) ?? [];
    if (gateway === undefined) throw new Error('nothing installs Envoy Gateway');
    const objects = await render({ ...gateway, values: { ...gateway.values, deployment: { replicas: 'two' } } });
    expect(await oracle().rejections(objects)).toEqual([{ object: expect.stringContaining('Deployment'), message: expect.stringContaining('cannot unmarshal string into') }]);
  });

  test('every chart that can be had here is installed by something', () => {
    const installed = new Set(rendered.map(([, release]) => `chart-${chartOf(release)}`));
    expect(KNOWN.filter(name => !installed.has(name))).toEqual([]);
  });
});

/** What a definition defines: `nodepools.karpenter.sh v1 v1beta1`. */
function versionsOf({ metadata, spec }: KubernetesObject): string {
  return [metadata?.name, ...(spec as { versions: { name: string }[] }).versions.map(({ name }) => name)].join(' ');
}

/** Namespaces of a chart that the library generated: JSON, one object a file. */
function namespacesIn(templates: string): KubernetesObject[] {
  return readdirSync(templates).filter(file => file.startsWith('namespace-'))
    .map(file => JSON.parse(readFileSync(join(templates, file), 'utf8')) as KubernetesObject);
}
