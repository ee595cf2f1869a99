import { readdirSync, readFileSync } from 'node:fs';
import type { Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { parse } from 'yaml';
import { LlmModel } from '../../lib/accelerators/llm-model';
import { GpuNodePool, type GpuNodePoolAttributes, MlCluster, type MlClusterFromClusterOptions } from '../../lib/cluster';
import type { IGpuNodePool, IMlCluster } from '../../lib/cluster/interfaces';
import { LlmService } from '../../lib/serving/llm-service';
import type { LlmServiceProps } from '../../lib/serving/llm-service-props';
import { ModelSource } from '../../lib/serving/model-source';
import { fakeCluster, testStack, textNetwork } from '../cluster/support';

export const LLAMA = LlmModel.of('meta-llama/Llama-3.1-8B-Instruct');

/** A pool of L40S and L4 nodes on spot, with room for an image. */
export function poolIn(scope: Construct, changes: Partial<GpuNodePoolAttributes> = {}): IGpuNodePool {
  return GpuNodePool.fromAttributes(scope, changes.poolName ?? 'Pool', {
    poolName: 'inference', instanceTypes: ['g6.xlarge', 'g6.12xlarge', 'g6e.xlarge', 'g6e.2xlarge', 'g6e.12xlarge', 'p5.48xlarge'], maxGpus: 16, diskGiB: 200, usesSpot: true, ...changes,
  });
}

/** A cluster of somebody else with everything that services can ask for. */
export function clusterIn(stack: Stack, options: Partial<MlClusterFromClusterOptions> = {}): IMlCluster {
  return MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), {
    network: textNetwork(stack),
    installedApiGroups: ['serving.kserve.io', 'leaderworkerset.x-k8s.io', 'keda.sh', 'http.keda.sh', 'gateway.networking.k8s.io', 'monitoring.coreos.com'],
    ...options,
    gpuNodePools: options.gpuNodePools ?? [poolIn(stack)],
  });
}

/** A bucket of plain text. */
export function bucketIn(stack: Stack): s3.IBucket {
  return (stack.node.tryFindChild('Models') as s3.IBucket | undefined) ?? s3.Bucket.fromBucketName(stack, 'Models', 'models');
}

/** The service of the README, with changes. */
export function chatIn(stack: Stack, changes: Partial<LlmServiceProps> = {}): LlmService {
  return new LlmService(stack, 'Chat', {
    cluster: changes.cluster ?? clusterIn(stack),
    model: LLAMA,
    source: ModelSource.s3(bucketIn(stack), 'llama-3.1-8b/'),
    contextLength: 16_384,
    concurrency: 32,
    ...changes,
  });
}

/** The service of the README in a stack of its own. */
export function chat(changes: (stack: Stack) => Partial<LlmServiceProps> = () => ({})): LlmService {
  const stack = testStack();
  return chatIn(stack, changes(stack));
}

/** The objects that a service installs: those of its generated chart, with Helm's escapes undone and `<T0>` for its values. */
export function objectsOf(service: LlmService): any[] {
  const folder = (service.release.node.findChild('Chart') as Asset).assetPath;
  return readdirSync(`${folder}/templates`).map((file) => parse(
    readFileSync(`${folder}/templates/${file}`, 'utf8').replace(/\{\{ \.Values\.(T\d+) .*?\}\}/g, '<$1>').replace(/\{\{"(\{+)"\}\}/g, '$1'),
  ));
}
