/** A key of a Kubernetes Secret. */
export interface SecretKey {
  readonly secretName: string;
  readonly key: string;
}

/** Where the weights of a model are read from when a pod starts. */
export type LlmWeights = S3Weights | HuggingFaceWeights | RegistryWeights | NodeCacheWeights;

/** Safetensors, config and tokenizer below one prefix, streamed into the GPU without touching the disk. */
export interface S3Weights {
  readonly type: 's3';
  /** `s3://bucket/prefix`, without a slash at its end. */
  readonly uri: string;
  /** Region of the bucket; undefined is the cluster's. */
  readonly region?: string;
}

/** A repository of the Hugging Face Hub, downloaded to the node's disk by every pod. */
export interface HuggingFaceWeights {
  readonly type: 'hugging-face';
  /** `organisation/name`; undefined is the model's own id. */
  readonly id?: string;
  readonly revision?: string;
  readonly token?: SecretKey;
}

/** The version that the release record calls champion when the pod starts, streamed from S3. */
export interface RegistryWeights {
  readonly type: 'registry';
  readonly modelName: string;
  readonly releaseTable: string;
  /** Folder of the checkpoint below the version's artifact. */
  readonly path: string;
  /** Folder of the tokenizer below the version's artifact. */
  readonly tokenizerPath: string;
}

/** A PersistentVolumeClaim that holds the weights already. */
export interface NodeCacheWeights {
  readonly type: 'node-cache';
  readonly claimName: string;
  /** Folder of the checkpoint in the volume. */
  readonly path: string;
}

/** Whether the weights pass over the node's disk. */
export function needsDisk(weights: LlmWeights): boolean {
  return weights.type === 'hugging-face';
}

/** Whether reading the weights takes AWS rights and the network. */
export function readsOverHttps(weights: LlmWeights): boolean {
  return weights.type !== 'node-cache';
}

/** Where the volume of a node cache is mounted. */
export const CACHE_MOUNT = '/mnt/models';

/** The folder of a node cache, as the pod sees it. */
export function cachePath(weights: NodeCacheWeights): string {
  return weights.path === '' ? CACHE_MOUNT : `${CACHE_MOUNT}/${weights.path}`;
}
