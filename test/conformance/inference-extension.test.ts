import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTools } from './tools';
import { inferenceExtensionChart } from '../../lib/cluster/manifests/inference-extension';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { inferencePool } from '../../lib/serving/manifests/inference-pool';

/** The definitions as the library brings them, not those of the fixtures. */
describeWithTools('the definitions of the inference extension on a real API server', ['etcd', 'kube-apiserver'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'inference-extension-'));
  const definitions = inferenceExtensionChart().toJson() as KubernetesObject[];
  const [pool] = inferencePool({
    name: 'chat', namespace: 'default', selector: { app: 'chat' }, port: 8000, image: 'example.com/picker:1', proxyNamespace: 'gateways',
  }) as unknown as KubernetesObject[];
  let server: LocalApiServer;
  beforeAll(async () => {
    server = await LocalApiServer.start({ dir: join(folder, 'server') });
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are accepted strictly', async () => {
    for (const definition of definitions) expect(await server.client.dryRun(definition)).toMatchObject({ accepted: true });
    await server.define(definitions);
  }, 60_000);

  test('know the pool that an endpoint picker makes, and refuse one with a port that is none', async () => {
    expect(pool?.kind).toBe('InferencePool');
    expect(await server.client.dryRun(pool as KubernetesObject)).toMatchObject({ accepted: true });
    const wrong = { ...pool, spec: { ...pool?.spec as object, targetPorts: [{ number: 'http' }] } } as KubernetesObject;
    expect(await server.client.dryRun(wrong)).toMatchObject({ accepted: false, message: expect.stringContaining('targetPorts') });
  });
});
