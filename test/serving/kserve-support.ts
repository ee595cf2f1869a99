import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { parse } from 'yaml';
import { ManifestDelivery, MlCluster, type IGpuNodePool, type IMlCluster } from '../../lib/cluster';
import type { IInferenceGateway } from '../../lib/serving/interfaces';
import { fakeCluster, testApp, textNetwork } from '../cluster/support';

/** Somebody else's cluster that has KServe, and what the tests of model services need around it. */
export function kserveCluster(scope: Construct, options: { delivery?: ManifestDelivery; imageMirror?: string } = {}): IMlCluster {
  return MlCluster.fromCluster(scope, 'Cluster', fakeCluster(scope), {
    network: textNetwork(scope), installedApiGroups: ['serving.kserve.io', 'keda.sh', 'http.keda.sh', 'gateway.networking.k8s.io', 'monitoring.coreos.com'], ...options,
  });
}

/** GPU nodes that exist on paper. */
export class PaperPool extends Construct implements IGpuNodePool {
  readonly poolName: string = 'inference';
  readonly instanceTypes: string[] = ['g6.xlarge', 'g6e.xlarge', 'g6e.12xlarge'];
  readonly usesSpot: boolean = true;
  readonly hasOnDemand: boolean = true;
  readonly maxGpus: number = 8;
  readonly diskGiB: number = 200;
  readonly gpuResource: string = 'nvidia.com/gpu';
  readonly podsPerGpu: number = 1;

  constructor(scope: Construct, id: string, facts: Partial<IGpuNodePool> = {}) {
    super(scope, id);
    Object.assign(this, facts);
  }
}

/** A gateway that exists on paper. */
export class PaperGateway extends Construct implements IInferenceGateway {
  readonly gatewayName = 'models';
  readonly namespace = 'gateway';
  readonly proxyNamespace = 'envoy-gateway-system';
  readonly address = 'models.example.com';
  readonly url = 'https://models.example.com';
  readonly connections = new ec2.Connections();

  constructor(scope: Construct, id: string, readonly cluster: IMlCluster) {
    super(scope, id);
  }
}

/** Prometheus somewhere. */
export const PROMETHEUS = { serverUrl: 'http://prometheus.monitoring.svc:9090', namespace: 'monitoring' };

type Json = Record<string, any>;

/** What a stack sends to its cluster, as `Kind name` to object. */
export function deliveredBy(build: (stack: Stack, cluster: IMlCluster) => void): Record<string, Json> {
  const directory = mkdtempSync(join(tmpdir(), 'kserve-'));
  try {
    const app: App = testApp();
    const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    build(stack, kserveCluster(stack, { delivery: ManifestDelivery.yaml({ directory }) }));
    app.synth();
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
    const objects = files.map((file) => parse(readFileSync(join(directory, file), 'utf8')) as Json);
    return Object.fromEntries(objects.map((it) => [`${it.kind} ${it.metadata.name}`, it]));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
