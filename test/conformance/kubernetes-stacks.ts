import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { ApiObject, App as Cdk8sApp, Chart } from 'cdk8s';
import { apps } from './apps';
import { helmReleases, type HelmRelease } from './helm-releases';
import { helmValueFaults } from './helm-values-oracle';
import { type KubernetesOracle, manifestObjects } from './kubernetes-oracle';
import { describeWithTools } from './tools';
import { MlCluster } from '../../lib/cluster/ml-cluster';
import { PlatformVersion } from '../../lib/core/versions';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { requireTool } from '../../lib/local/toolchain/tool';
import { MlNetwork } from '../../lib/network/ml-network';

const releases = apps().flatMap(([folder, app]) => helmReleases(app).map((release): [string, HelmRelease] => [`${folder}: ${release.name}`, release]));
const generated = releases.filter(([, release]) => release.folder !== undefined);
const pulled = releases.filter(([, release]) => release.folder === undefined);

/** Without a server: what other projects' charts know is in the fixtures. */
export function describeValues(): void {
  describe.each(pulled)('the chart of %s', (_, release) => {
    test('has every value that it is given', () => {
      expect(helmValueFaults(release.chart ?? '', release.values)).toEqual([]);
    });

    test('is the pinned version', () => {
      expect(release.version).toBe(PlatformVersion.V2026_11.chart(release.chart ?? '').version);
    });
  });
}

export function describeStacks(oracle: () => KubernetesOracle): void {
  describeWithTools('the Kubernetes objects of every stack and example', ['helm'], () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubernetes-stacks-'));
    let helm: string;

    /** What helm sends for a release: the real program writes the chart out. */
    function objectsOf(release: HelmRelease): KubernetesObject[] {
      const values = join(folder, 'values.json');
      writeFileSync(values, JSON.stringify(release.values));
      const manifest = execFileSync(helm, ['template', release.release, release.folder ?? '', '--namespace', release.namespace, '--values', values], { encoding: 'utf8' });
      return manifestObjects(manifest);
    }

    beforeAll(async () => { helm = await requireTool('helm'); });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.each(generated)('%s is accepted, strictly and without a warning', async (_, release) => {
      const objects = objectsOf(release);
      expect(objects.length).toBeGreaterThan(0);
      expect(await oracle().judge(objects)).toEqual({ rejections: [], warnings: [] });
    });

    test('an object with a wrong field does not get through', async () => {
      const app = new App();
      const network = new MlNetwork(new Stack(app, 'Network'), 'Network');
      const chart = new Chart(new Cdk8sApp(), 'wrong');
      new ApiObject(chart, 'Issuer', { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'wrong' }, spec: { selfsigned: {} } });
      MlCluster.fromCluster(new Stack(app, 'AddOns'), 'Cluster', new MlCluster(new Stack(app, 'Cluster'), 'Cluster', { network }).cluster,
        { network, installedApiGroups: ['cert-manager.io'] }).addManifests('Wrong', chart, { releaseName: 'wrong' });
      const [wrong] = helmReleases(app).filter((release) => release.release === 'wrong');
      expect((await oracle().rejections(objectsOf(wrong)))[0].message).toContain('unknown field "spec.selfsigned"');
    });
  });
}
