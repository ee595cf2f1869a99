import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { LlmWeights } from './blueprint/llm-weights';
import type { KubernetesSecretKey } from './interfaces';
import { checkText, DNS_LABEL, show, type TextRule } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';
import type { ModelReference } from '../registry/interfaces';

/** Options of a model that lies in S3. */
export interface S3ModelSourceOptions {
  /**
   * Region of the bucket.
   *
   * @default - the cluster's
   */
  readonly region?: string;
}

/** Options of a model of the Hugging Face Hub. */
export interface HuggingFaceModelSourceOptions {
  /**
   * Repository on the Hub, `organisation/name`.
   *
   * @default - the id of the model
   */
  readonly id?: string;

  /**
   * Commit, tag or branch. Pin a commit: a branch can become another model between two pods.
   *
   * @default - what the main branch is when a pod starts; a warning says so
   */
  readonly revision?: string;

  /**
   * Key of a Secret that holds a token of the Hub, for models whose licence has to be accepted.
   *
   * @default - no token
   */
  readonly token?: KubernetesSecretKey;
}

/** Options of a model of the registry. */
export interface RegistryModelSourceOptions {
  /**
   * Folder of the checkpoint below the version's artifact.
   *
   * @default 'model'
   */
  readonly path?: string;

  /**
   * Folder of the tokenizer below the version's artifact.
   *
   * @default 'components/tokenizer'
   */
  readonly tokenizerPath?: string;
}

/** Options of a model on a volume. */
export interface NodeCacheModelSourceOptions {
  /**
   * Folder of the checkpoint in the volume.
   *
   * @default - the volume itself
   */
  readonly path?: string;
}

/** https://huggingface.co/docs/huggingface_hub/package_reference/utilities: `namespace/name`, 96 characters at most. */
const HUB_ID: TextRule = { pattern: /^(?=.{1,96}$)([A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*$/, allowed: "'organisation/name', as on the Hugging Face Hub" };
const REVISION: TextRule = { pattern: /^[A-Za-z0-9][\w./-]{0,254}$/, allowed: 'a commit, tag or branch' };
const FOLDER: TextRule = { pattern: /^$|^(?!.*\.\.)[A-Za-z0-9_][\w./=-]*$/, allowed: 'a relative path of letters, digits, dots, hyphens and underscores' };
const PREFIX: TextRule = { pattern: /^[^\s?#]*$/, allowed: 'a key prefix without blanks' };
/** The only alias that has a release record. */
const CHAMPION = 'champion';
const WILDCARD_REASON = 'a model is many objects below one prefix; the right ends at that prefix';

/** Where the weights of a language model come from when a pod starts. */
export class ModelSource {
  /**
   * Safetensors, configuration and tokenizer below a prefix of a bucket, as a Hugging Face repository has them. They are streamed
   * into the GPU; nothing passes over the node's disk.
   *
   * Fails with `invalid-prefix`.
   *
   * @param bucket the bucket; the service's pods get the right to read below the prefix, and the bucket's key
   * @param prefix for example `llama-3.1-8b/`
   * @see https://docs.vllm.ai/en/stable/models/extensions/runai_model_streamer/
   */
  static s3(bucket: s3.IBucket, prefix: string, options: S3ModelSourceOptions = {}): ModelSource {
    const faults = Faults.at('ModelSource');
    checkText(faults, 'prefix', prefix, PREFIX);
    faults.throwIfAny();
    const folder = prefix.replace(/^\/+|\/+$/g, '');
    const uri = folder === '' ? `s3://${bucket.bucketName}` : `s3://${bucket.bucketName}/${folder}`;
    return new ModelSource({ type: 's3', uri, region: options.region }, (grantee) => readBelow(bucket, folder, grantee));
  }

  /**
   * A repository of the Hugging Face Hub. Every pod downloads it to its node's disk: slower than S3, and somebody else's to change.
   *
   * Fails with `invalid-id`, `invalid-revision` or what a Secret's name or key may not be.
   */
  static huggingFace(options: HuggingFaceModelSourceOptions = {}): ModelSource {
    const faults = Faults.at('ModelSource');
    checkText(faults, 'id', options.id, HUB_ID);
    checkText(faults, 'revision', options.revision, REVISION);
    checkSecretKey(faults, 'token', options.token);
    faults.throwIfAny();
    return new ModelSource({ type: 'hugging-face', id: options.id, revision: options.revision, token: options.token }, () => undefined);
  }

  /**
   * The version that the release record names when a pod starts, streamed from the registry's bucket. A promotion is taken up by
   * pods that are made after it: restart the rollout to have all of them follow.
   *
   * The folders are those of MLflow's transformers flavor. Pods wait until a first version is promoted.
   *
   * Fails with `alias-without-release-record`, `invalid-path` or `invalid-tokenizer-path`.
   *
   * @param model for example `models.model('chat').alias('champion')`
   * @see https://mlflow.org/docs/latest/ml/deep-learning/transformers/
   */
  static registry(model: ModelReference, options: RegistryModelSourceOptions = {}): ModelSource {
    const faults = Faults.at('ModelSource');
    const { path = 'model', tokenizerPath = 'components/tokenizer' } = options;
    faults.check(model.alias === CHAMPION, 'alias-without-release-record',
      `model names alias ${show(model.alias)}, but only '${CHAMPION}' has a release record to follow; use model.alias('${CHAMPION}')`);
    checkText(faults, 'path', path, FOLDER);
    checkText(faults, 'tokenizerPath', tokenizerPath, FOLDER);
    const releaseTable = faults.collect(() => model.registry.releaseTableName) ?? '';
    faults.throwIfAny();
    const weights: LlmWeights = { type: 'registry', modelName: model.modelName, releaseTable, path, tokenizerPath };
    return new ModelSource(weights, (grantee) => {
      model.registry.model(model.modelName).grants.serve(grantee);
    });
  }

  /**
   * Weights that lie on a volume near the nodes already: a PersistentVolumeClaim in the service's namespace, mounted read-only.
   *
   * Pod Security "restricted" forbids pods to reach into their node's file system, so a cache comes as a claim: KServe's
   * LocalModelCache fills the nodes' disks and offers such claims (`<cache>-<node group>`), FSx for Lustre and the Mountpoint
   * driver for S3 offer shared ones.
   *
   * Fails with `invalid-claim-name` or `invalid-path`.
   *
   * @param claimName name of the PersistentVolumeClaim
   * @see https://kserve.github.io/website/docs/model-serving/generative-inference/modelcache/localmodel
   */
  static nodeCache(claimName: string, options: NodeCacheModelSourceOptions = {}): ModelSource {
    const faults = Faults.at('ModelSource');
    const path = (options.path ?? '').replace(/^\/+|\/+$/g, '');
    checkText(faults, 'claimName', claimName, DNS_LABEL);
    checkText(faults, 'path', path, FOLDER);
    faults.throwIfAny();
    return new ModelSource({ type: 'node-cache', claimName, path }, () => undefined);
  }

  /** `s3`, `hugging-face`, `registry` or `node-cache`. */
  readonly type: string;
  /** @internal */
  readonly _weights: LlmWeights;
  /** @internal */
  readonly _grantRead: (grantee: iam.IGrantable) => void;

  private constructor(weights: LlmWeights, grantRead: (grantee: iam.IGrantable) => void) {
    this.type = weights.type;
    this._weights = weights;
    this._grantRead = grantRead;
  }
}

/** Refuses what cannot be the name of a Secret, or a key in it. */
export function checkSecretKey(faults: Faults, property: string, secret: KubernetesSecretKey | undefined): void {
  checkText(faults, `${property}.secretName`, secret?.secretName, {
    pattern: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, allowed: 'the name of a Secret: lower-case letters, digits, hyphens and dots',
  });
  checkText(faults, `${property}.key`, secret?.key, { pattern: /^[-._A-Za-z0-9]{1,253}$/, allowed: 'letters, digits, hyphens, underscores and dots' });
}

/** Objects below the prefix, their names, and the key that they are encrypted with. */
function readBelow(bucket: s3.IBucket, folder: string, grantee: iam.IGrantable): void {
  const objects = [bucket.arnForObjects(folder === '' ? '*' : `${folder}/*`)];
  acknowledgeWildcards(grantee.grantPrincipal, objects, WILDCARD_REASON);
  iam.Grant.addToPrincipal({ grantee, actions: ['s3:GetObject'], resourceArns: objects });
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['s3:ListBucket'],
    resourceArns: [bucket.bucketArn],
    conditions: folder === '' ? undefined : { StringLike: { 's3:prefix': [folder, `${folder}/*`] } },
  });
  bucket.encryptionKey?.grantDecrypt(grantee);
}
