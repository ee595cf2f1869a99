import { adapterPath, FETCHED, MODEL_CONFIG, type LlmAdapter, type LlmEngine } from './llm-engine';

/** Name of the environment variable that tells the program what to fetch. */
export const FETCH_VARIABLE = 'LLM_FETCH';

/**
 * What runs before the server, in the server's own image: it looks up which version is in production, and fetches adapters.
 * vLLM reads JSON as the YAML of `--config`.
 */
export const FETCH_PROGRAM = `
import json, os
plan = json.loads(os.environ["${FETCH_VARIABLE}"])

def fetch_s3(uri, target, region):
    import boto3
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/") + "/" if prefix else ""
    s3 = boto3.client("s3", region_name=region)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/")]
    if not keys:
        raise SystemExit(f"nothing lies at {uri}")
    for key in keys:
        path = os.path.normpath(os.path.join(target, key[len(prefix):]))
        if not path.startswith(target + os.sep):
            raise SystemExit(f"{key} points out of its folder")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s3.download_file(bucket, key, path)

def fetch_hub(repository, target, revision):
    from huggingface_hub import snapshot_download
    snapshot_download(repository, revision=revision, local_dir=target)

release = plan.get("release")
if release:
    import boto3
    key = {"model": {"S": release["model"]}, "item": {"S": "CURRENT"}}
    item = boto3.client("dynamodb").get_item(TableName=release["table"], Key=key, ConsistentRead=True).get("Item")
    if item is None:
        raise SystemExit(f"model {release['model']} has no release record; promote a version first")
    artifact = item["champion"]["M"]["artifactUri"]["S"].rstrip("/")
    config = {name: "/".join(filter(None, [artifact, path])) for name, path in release["paths"].items()}
    with open("${MODEL_CONFIG}", "w") as file:
        json.dump(config, file)
    print(f"serving version {item['champion']['M']['version']['S']} from {artifact}", flush=True)

for adapter in plan.get("adapters", []):
    if "uri" in adapter:
        fetch_s3(adapter["uri"], adapter["target"], adapter.get("region"))
    else:
        fetch_hub(adapter["id"], adapter["target"], adapter.get("revision"))
`.trimStart();

/** What the program is told; undefined where there is nothing to fetch. */
export function fetchPlan(engine: LlmEngine): Record<string, unknown> | undefined {
  const { weights } = engine;
  const adapters = engine.adapters.map((adapter) => ({ ...originOf(adapter), target: adapterPath(adapter) }));
  const release = weights.type !== 'registry' ? undefined : {
    model: weights.modelName, table: weights.releaseTable, paths: { model: weights.path, tokenizer: weights.tokenizerPath },
  };
  if (release === undefined && adapters.length === 0) return undefined;
  return { ...release === undefined ? {} : { release }, ...adapters.length === 0 ? {} : { adapters } };
}

function originOf({ name, weights }: LlmAdapter): Record<string, unknown> {
  return weights.type === 's3'
    ? { uri: weights.uri, ...weights.region === undefined ? {} : { region: weights.region } }
    : { id: weights.id ?? name, ...weights.revision === undefined ? {} : { revision: weights.revision } };
}

/** Folder that the program writes to. */
export const FETCH_FOLDER = FETCHED;
