import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { findPythonEnvironment } from '../../lib/local/toolchain/python-environment';

const HANDLER = resolve(__dirname, '../../lib/cluster/private/drain');

/** Runs the handlers with the real boto3 and an EKS that answers as we say. */
const RUNNER = `
import json, sys, types
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import index
given = json.load(sys.stdin)
index.describe = lambda name: given["cluster"]
index.drain = lambda api, kind: given["left"]
if given.get("transient"):
    def fail(api, kind): raise index.Transient(given["transient"])
    index.drain = fail
try:
    answer = {"token": index.token("ml")} if given["call"] == "token" else getattr(index, given["call"])(given["event"], None)
except RuntimeError as error:
    answer = {"error": str(error)}
print("ANSWER" + json.dumps(answer))
`;

// either environment of the project has boto3
const [environment = { available: false, reason: 'no Python environment' } as const] = ['../../lib/local/requirements.lock', '../python/requirements.lock']
  .map((lock) => findPythonEnvironment(resolve(__dirname, lock)))
  .sort((a, b) => Number(b.available) - Number(a.available));
if (!environment.available) process.stderr.write(`not run: the handlers of the drain (${environment.reason})\n`);

(environment.available ? describe : describe.skip)('the handlers of the drain', () => {
  const cluster = { endpoint: 'https://127.0.0.1:1', certificateAuthority: { data: null } };
  const python = (input: object): any => {
    const said = execFileSync(environment.available ? environment.python : '', ['-c', RUNNER, HANDLER], {
      encoding: 'utf8',
      input: JSON.stringify({ cluster, left: [], ...input }),
      env: {
        AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_STS_REGIONAL_ENDPOINTS: 'regional', GIVE_UP_SECONDS: '3300', HOME: join(HANDLER, 'nowhere'),
      },
    });
    return JSON.parse(said.split('ANSWER')[1] ?? 'null');
  };
  const event = (type: string, startedAgo = 0) => (
    { RequestType: type, StartedAt: Math.floor(Date.now() / 1000) - startedAgo, ResourceProperties: { ClusterName: 'ml', Kind: 'nodes' } });

  test('keep one identity for creation, update and deletion, so that an update never drains a live cluster', () => {
    const ids = ['Create', 'Update', 'Delete'].map((type) => python({ call: 'on_event', event: event(type) }).PhysicalResourceId);
    expect(ids).toEqual(['drain-ml-nodes', 'drain-ml-nodes', 'drain-ml-nodes']);
  });

  test('touch nothing unless the resource is deleted', () => {
    for (const type of ['Create', 'Update']) expect(python({ call: 'is_complete', event: event(type), left: ['NodeClaim a'] })).toEqual({ IsComplete: true });
  });

  test('wait while something is left or the API server is silent, and end when nothing is or the cluster is gone', () => {
    expect(python({ call: 'is_complete', event: event('Delete'), left: ['NodeClaim a'] })).toEqual({ IsComplete: false });
    expect(python({ call: 'is_complete', event: event('Delete'), transient: 'GET /api: timed out' })).toEqual({ IsComplete: false });
    expect(python({ call: 'is_complete', event: event('Delete') })).toEqual({ IsComplete: true });
    expect(python({ call: 'is_complete', event: event('Delete'), cluster: null, left: ['NodeClaim a'] })).toEqual({ IsComplete: true });
  });

  test('give up loudly, with what is left and what to do', () => {
    expect(python({ call: 'is_complete', event: event('Delete', 3_400), left: ['NodeClaim a', 'NodePool b'] }).error).toBe(
      'after 55 minutes the cluster still has 2 objects that bill outside of it: NodeClaim a; NodePool b. Remove them and delete the stack again; the drain goes on where it stopped');
  });

  test('sign the token that EKS reads: a caller identity of the region, bound to the cluster, good for a minute', () => {
    const { token } = python({ call: 'token' }) as { token: string };
    const [prefix, encoded = ''] = token.split('k8s-aws-v1.');
    const url = new URL(Buffer.from(encoded, 'base64url').toString());
    expect(prefix).toBe('');
    expect(encoded).not.toMatch(/[=+/]/);
    expect(`${url.origin}${url.pathname}`).toBe('https://sts.eu-west-1.amazonaws.com/');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      'Action': 'GetCallerIdentity', 'Version': '2011-06-15', 'X-Amz-Expires': '60', 'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
      'X-Amz-Credential': expect.stringMatching(/^AKIDEXAMPLE\/\d{8}\/eu-west-1\/sts\/aws4_request$/),
    });
  });
});
