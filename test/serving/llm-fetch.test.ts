import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { engineOf, fullEngine } from './llm-samples';
import type { LlmEngine } from '../../lib/serving/blueprint/llm-engine';
import { FETCH_PROGRAM, FETCH_VARIABLE, fetchPlan } from '../../lib/serving/blueprint/llm-fetch';

/** Stands in for AWS and the Hub: boto3's and huggingface_hub's own calls, with their own spelling of what comes back. */
const MODULES: Record<string, string> = {
  'boto3.py': `
import json, os
WORLD = json.loads(os.environ["WORLD"])

class S3:
    def get_paginator(self, name):
        assert name == "list_objects_v2"
        return self
    def paginate(self, Bucket, Prefix):
        keys = [key for key in WORLD["objects"] if key.startswith(f"{Bucket}/{Prefix}")]
        yield {"Contents": [{"Key": key.partition("/")[2]} for key in keys]} if keys else {}
    def download_file(self, bucket, key, path):
        with open(path, "w") as file:
            file.write(f"{bucket}/{key}")

class DynamoDB:
    def get_item(self, TableName, Key, ConsistentRead):
        assert TableName == "releases" and Key["item"] == {"S": "CURRENT"} and ConsistentRead
        item = WORLD["records"].get(Key["model"]["S"])
        return {"Item": item} if item else {}

def client(name, region_name=None):
    return {"s3": S3, "dynamodb": DynamoDB}[name]()
`,
  'huggingface_hub.py': `
import os
def snapshot_download(repository, revision=None, local_dir=None):
    os.makedirs(local_dir, exist_ok=True)
    with open(os.path.join(local_dir, "adapter_config.json"), "w") as file:
        file.write(f"{repository}@{revision}")
`,
};

function run(engine: LlmEngine, world: object): { readonly root: string; readonly status: number | null; readonly stderr: string } {
  const root = mkdtempSync(join(tmpdir(), 'llm-fetch-'));
  mkdirSync(join(root, 'var/run/llm'), { recursive: true });
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(root, name), text);
  // the container's paths, below a folder of the test
  const moved = (text: string): string => text.replaceAll('/var/run/llm', join(root, 'var/run/llm'));
  const { status, stderr } = spawnSync(process.env.ML_TEST_PYTHON ?? 'python3', ['-c', moved(FETCH_PROGRAM)], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, PYTHONPATH: root, WORLD: JSON.stringify(world), [FETCH_VARIABLE]: moved(JSON.stringify(fetchPlan(engine))) },
  });
  return { root, status, stderr };
}

const registry = engineOf({
  weights: { type: 'registry', modelName: 'chat', releaseTable: 'releases', path: 'model', tokenizerPath: 'components/tokenizer' },
});
/** As lib/runtime writes it. */
const record = { champion: { M: { version: { S: '7' }, artifactUri: { S: 's3://lake/mlflow/1/models/m-7/artifacts/' } } } };

describe('before the server starts', () => {
  test('nothing is fetched where nothing has to be', () => {
    expect(fetchPlan(engineOf())).toBeUndefined();
  });

  test('the version in production is looked up, for vLLM to read as its --config', () => {
    const { root, status } = run(registry, { records: { chat: record } });
    expect(status).toBe(0);
    // JSON is YAML; https://docs.vllm.ai/en/stable/configuration/serve_args/
    expect(JSON.parse(readFileSync(join(root, 'var/run/llm/model.yaml'), 'utf8'))).toEqual({
      model: 's3://lake/mlflow/1/models/m-7/artifacts/model', tokenizer: 's3://lake/mlflow/1/models/m-7/artifacts/components/tokenizer',
    });
  });

  test('a model that was never promoted stops the pod, and says what to do', () => {
    const { status, stderr } = run(registry, { records: {} });
    expect(status).not.toBe(0);
    expect(stderr).toContain('model chat has no release record; promote a version first');
  });

  test('adapters are fetched from S3 and from the Hub, at the revision that was named', () => {
    const objects = ['models/adapters/sql/adapter_config.json', 'models/adapters/sql/deep/weights.safetensors', 'models/adapters/sql2/other'];
    const { root, status } = run(fullEngine(), { objects });
    expect(status).toBe(0);
    const adapters = join(root, 'var/run/llm/adapters');
    expect(readFileSync(join(adapters, 'sql/deep/weights.safetensors'), 'utf8')).toBe('models/adapters/sql/deep/weights.safetensors');
    expect(readFileSync(join(adapters, 'tone/adapter_config.json'), 'utf8')).toBe('acme/tone@0123abc');
    expect(execFileSync('find', [adapters, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n')).toHaveLength(3);
  });

  test('an empty prefix stops the pod', () => {
    expect(run(fullEngine(), { objects: [] }).stderr).toContain('nothing lies at s3://models/adapters/sql');
  });

  test('a key that points out of its folder is not written', () => {
    const { stderr, root } = run(fullEngine(), { objects: ['models/adapters/sql/../../../escaped'] });
    expect(stderr).toContain('points out of its folder');
    expect(() => readFileSync(join(dirname(root), 'escaped'))).toThrow();
  });
});
