import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as platform from '../../../lib';
import { fakeCluster, textNetwork } from '../../cluster/support';
import type { StructUse } from '../literal-faults';

const { cluster, registry } = platform;

const CONTEXT = {
  // so that RemovalPolicy.DESTROY is another value that works
  'cdk-ml-platform:allow-data-destruction': true,
  'aws:cdk:disable-asset-staging': true,
};

/** The same set under another Kubernetes version and with other charts: there is only one set so far. */
export const OTHER_VERSIONS = Object.create(platform.PlatformVersion.V2026_11, {
  kubernetesVersion: { value: '1.34' },
  chart: { value: (name: string) => ({ ...platform.PlatformVersion.V2026_11.chart(name), version: '0.0.1' }) },
}) as platform.PlatformVersion;

/** Where the other delivery writes. */
const FILES = join(tmpdir(), `documented-default-files-${process.pid}`);

export const OTHER_DELIVERY = cluster.ManifestDelivery.yaml({ directory: FILES });

/** What is made without a stack, or what is read from a construct that makes nothing. */
export function plain<Props>(make: (given: Partial<Props>) => unknown, others?: Partial<Props>): StructUse {
  return { make: (given) => make(given as Partial<Props>), others };
}

/** Where all stacks are written, one after another. */
const outdir = mkdtempSync(join(tmpdir(), 'documented-default-'));
afterAll(() => { rmSync(outdir, { recursive: true, force: true }); });

/** The template of a stack in which something was made, and what else is told of it. */
export function template<Props>(make: (stack: Stack, given: Partial<Props>) => unknown, others?: Partial<Props>): StructUse {
  return {
    make: (given) => withoutStackTraces(() => {
      try {
        const stack = new Stack(new App({ outdir, context: CONTEXT, treeMetadata: false, analyticsReporting: false, stackTraces: false }), 'Stack');
        const told = make(stack, given as Partial<Props>);
        return [Template.fromStack(stack).toJSON(), told];
      } finally {
        rmSync(FILES, { recursive: true, force: true });
      }
    }),
    others,
  };
}

/** aws-cdk-lib takes a stack trace for each resource, which is a fifth of the time of a synth. */
function withoutStackTraces<Result>(act: () => Result): Result {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return act();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A cluster of somebody else. */
export function theirs(stack: Stack, given: Partial<platform.cluster.MlClusterFromClusterOptions> = {}): platform.cluster.IMlCluster {
  return cluster.MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { ...given, network: given.network ?? textNetwork(stack) });
}

/** A registry's server in a cluster, with the add-ons that it needs. */
export function registryServerOn(
  eks: platform.cluster.IMlCluster, given: Partial<platform.registry.ClusterServerOptions> = {},
): platform.registry.RegistryServer {
  const stack = Stack.of(eks);
  new cluster.LoadBalancerController(stack, 'LoadBalancers', { cluster: eks });
  const externalSecrets = new cluster.ExternalSecrets(stack, 'ExternalSecrets', { cluster: eks });
  return registry.RegistryServer.onCluster({ cluster: eks, externalSecrets, image: 'example.com/mlflow:1', ...given });
}

/** A registry of somebody else. */
export function importedModels(stack: Stack, given: Partial<platform.registry.ModelRegistryAttributes> = {}): platform.registry.IModelRegistry {
  return registry.ModelRegistry.fromModelRegistryAttributes(stack, 'Imported', {
    trackingUri: 'https://mlflow.example.com',
    artifactBucket: s3.Bucket.fromBucketName(stack, 'Artifacts', 'artifacts'),
    releaseTable: new registry.ReleaseRecord(stack, 'Releases').table,
    ...given,
  });
}
