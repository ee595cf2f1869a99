import type { Chart } from 'cdk8s';
import { engineOf, fullEngine, planOf, samples, serviceOf } from './llm-samples';
import type { LlmServiceInput } from '../../lib/serving/blueprint/llm-service';
import { llmChart } from '../../lib/serving/manifests/llm-chart';
import { llmPodSpec } from '../../lib/serving/manifests/llm-pod';

function objectsOf(changes: Partial<LlmServiceInput> = {}): any[] {
  return llmChart(serviceOf(changes)).toJson();
}

function objectOf(kind: string, changes: Partial<LlmServiceInput> = {}): any {
  return objectsOf(changes).find((it) => it.kind === kind);
}

const LARGE = planOf({ tensorParallel: 4, replicas: 2, node: { vcpusPerGpu: 12, memoryGiBPerGpu: 96, networkGbps: 40 } });
const NODES = planOf({ tensorParallel: 8, pipelineParallel: 2, nodesPerReplica: 2, replicas: 1, node: { vcpusPerGpu: 24, memoryGiBPerGpu: 256, networkGbps: 400 } });

describe('the objects of a small service', () => {
  test('are an account, a policy, a Deployment and a Service', () => {
    expect(objectsOf().map((it) => `${it.kind} ${it.metadata.namespace}/${it.metadata.name}`)).toEqual([
      'ServiceAccount hardened/chat', 'NetworkPolicy hardened/chat', 'Deployment hardened/chat', 'Service hardened/chat',
    ]);
  });

  test('have the whole pod that was decided on', () => {
    expect(objectOf('Deployment').spec).toEqual({
      replicas: 1,
      selector: { matchLabels: { 'ml-platform/service': 'chat' } },
      strategy: { type: 'Recreate' },
      progressDeadlineSeconds: 2_400,
      template: {
        metadata: {
          labels: {
            'app.kubernetes.io/name': 'chat', 'app.kubernetes.io/component': 'llm', 'app.kubernetes.io/managed-by': 'cdk-ml-platform', 'ml-platform/service': 'chat',
          },
          annotations: { 'karpenter.sh/do-not-disrupt': 'true' },
        },
        spec: {
          serviceAccountName: 'chat',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 110,
          securityContext: {
            runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, fsGroupChangePolicy: 'OnRootMismatch', seccompProfile: { type: 'RuntimeDefault' },
          },
          nodeSelector: { 'ml-platform/node-pool': 'inference' },
          tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g6e.2xlarge', 'g6e.xlarge'] }] }],
              },
            },
          },
          topologySpreadConstraints: [{
            maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: { 'ml-platform/service': 'chat' } },
          }],
          containers: [{
            name: 'vllm',
            image: 'docker.io/vllm/vllm-openai:v0.33.0',
            imagePullPolicy: 'IfNotPresent',
            command: ['vllm', 'serve'],
            args: [...serviceOf().args],
            env: [
              { name: 'HOME', value: '/home/vllm' }, { name: 'USER', value: 'vllm' }, { name: 'VLLM_NO_USAGE_STATS', value: '1' }, { name: 'HF_HUB_OFFLINE', value: '1' },
            ],
            ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
            startupProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 60 },
            readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
            livenessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 },
            lifecycle: { preStop: { sleep: { seconds: 10 } } },
            resources: {
              requests: { 'cpu': '3000m', 'memory': '24Gi', 'ephemeral-storage': '5Gi', 'nvidia.com/gpu': 1 },
              limits: { 'nvidia.com/gpu': 1 },
            },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: false },
            terminationMessagePolicy: 'FallbackToLogsOnError',
            volumeMounts: [{ name: 'home', mountPath: '/home/vllm' }],
          }],
          volumes: [{ name: 'home', emptyDir: {} }],
        },
      },
    });
  });

  test('have no disruption budget: with one replica it would stop every drain', () => {
    expect(objectOf('PodDisruptionBudget')).toBeUndefined();
  });
});

describe('a service of several replicas', () => {
  test('never asks for more GPUs than it has while it changes over', () => {
    expect(objectOf('Deployment', { plan: LARGE }).spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
    expect(objectOf('InferenceService', { plan: LARGE, form: 'kserve' }).spec.predictor.deploymentStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
  });

  test('loses one at a time to drains', () => {
    expect(objectOf('PodDisruptionBudget', { plan: LARGE }).spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: { 'ml-platform/service': 'chat' } } });
  });

  test('leaves their number to an autoscaler where there is one', () => {
    const scaling = { min: 1, max: 4 };
    expect(objectOf('Deployment', { plan: LARGE, scaling }).spec).not.toHaveProperty('replicas');
    expect(objectOf('PodDisruptionBudget', { plan: LARGE, scaling })).toBeUndefined();
    expect(objectOf('LLMInferenceService', { plan: LARGE, scaling, form: 'llm-inference-service' }).spec).not.toHaveProperty('replicas');
    const kserve = objectOf('InferenceService', { plan: LARGE, scaling, form: 'kserve' });
    expect(kserve.spec.predictor).toMatchObject({ minReplicas: 1, maxReplicas: 4 });
    // KServe leaves the number alone only with this class
    expect(kserve.metadata.annotations['serving.kserve.io/autoscalerClass']).toBe('external');
  });
});

describe('a model on several GPUs', () => {
  test('has shared memory between its ranks, and its share of the node', () => {
    const pod = objectOf('Deployment', { plan: LARGE }).spec.template.spec;
    expect(pod.volumes).toContainEqual({ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '8Gi' } });
    expect(pod.containers[0].volumeMounts).toContainEqual({ name: 'shm', mountPath: '/dev/shm' });
    expect(pod.containers[0].resources).toEqual({
      requests: { 'cpu': '36000m', 'memory': '288Gi', 'ephemeral-storage': '5Gi', 'nvidia.com/gpu': 4 }, limits: { 'nvidia.com/gpu': 4 },
    });
  });

  test('on several nodes is one group of pods, with vLLM\'s own executor between them', () => {
    const set = objectOf('LeaderWorkerSet', { plan: NODES, form: 'leader-worker-set' });
    const { leaderTemplate, workerTemplate, ...rest } = set.spec.leaderWorkerTemplate;
    expect(rest).toEqual({ size: 2, restartPolicy: 'RecreateGroupOnPodRestart' });
    const [leader, worker] = [leaderTemplate, workerTemplate].map((it) => it.spec.containers[0]);
    expect(leader.args.slice(-6)).toEqual(['--nnodes', '2', '--master-addr', '$(LWS_LEADER_ADDRESS)', '--node-rank', '0']);
    expect(worker.args.slice(-7)).toEqual(['--nnodes', '2', '--master-addr', '$(LWS_LEADER_ADDRESS)', '--node-rank', '$(LWS_WORKER_INDEX)', '--headless']);
    expect(leader.args).toEqual(expect.arrayContaining(['--tensor-parallel-size', '8', '--pipeline-parallel-size', '2']));
    expect(worker).not.toHaveProperty('startupProbe');
    expect(worker.resources.limits).toEqual({ 'nvidia.com/gpu': 8 });
  });

  test('on several nodes stands in one zone and is called at its leader', () => {
    const objects = objectsOf({ plan: NODES, form: 'leader-worker-set' });
    const set = objects.find((it) => it.kind === 'LeaderWorkerSet');
    const service = objects.find((it) => it.kind === 'Service');
    // the controller makes a Service with the set's name
    expect(set.metadata.name).not.toBe(service.metadata.name);
    expect(service.spec.selector).toEqual({ 'ml-platform/service': 'chat', 'leaderworkerset.sigs.k8s.io/worker-index': '0' });
    const { affinity, topologySpreadConstraints } = set.spec.leaderWorkerTemplate.workerTemplate.spec;
    expect(affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey).toBe('topology.kubernetes.io/zone');
    expect(topologySpreadConstraints).toBeUndefined();
    const policy = objects.find((it) => it.kind === 'NetworkPolicy');
    const ranks = { podSelector: { matchLabels: { 'ml-platform/service': 'chat' } } };
    expect(policy.spec.ingress).toEqual([{ from: [ranks] }]);
    expect(policy.spec.egress).toContainEqual({ to: [ranks] });
  });

  test('shares a GPU by time slicing with as much of the node as it has of the GPU', () => {
    const pool = { ...planOf().pool, podsPerGpu: 3 };
    const { requests } = objectOf('Deployment', { plan: planOf({ pool }) }).spec.template.spec.containers[0].resources;
    expect(requests).toMatchObject({ cpu: '1000m', memory: '8Gi' });
  });
});

describe('the network policy', () => {
  test('lets nobody in before somebody is named', () => {
    expect(objectOf('NetworkPolicy').spec.ingress).toEqual([]);
    expect(objectOf('NetworkPolicy').spec.policyTypes).toEqual(['Ingress', 'Egress']);
  });

  test('lets namespaces in by the label that Kubernetes itself sets', () => {
    expect(objectOf('NetworkPolicy', { callers: ['shop'] }).spec.ingress).toEqual([
      { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }], ports: [{ protocol: 'TCP', port: 8000 }] },
    ]);
  });

  test('lets the server ask names, S3 and the agent of Pod Identity, and nothing where a volume has the model', () => {
    const out = (changes: Partial<LlmServiceInput>): unknown[] => objectOf('NetworkPolicy', changes).spec.egress;
    expect(out({})).toContainEqual({ to: [{ ipBlock: { cidr: '169.254.170.23/32' } }], ports: [{ protocol: 'TCP', port: 80 }] });
    expect(out({})).toHaveLength(3);
    expect(out({ engine: engineOf({ weights: { type: 'node-cache', claimName: 'c', path: '' } }) })).toHaveLength(1);
  });
});

describe('secrets', () => {
  test('are named, never read', () => {
    const env = objectOf('Deployment', { engine: fullEngine() }).spec.template.spec.containers[0].env;
    expect(env).toContainEqual({ name: 'VLLM_API_KEY', valueFrom: { secretKeyRef: { name: 'chat-key', key: 'key' } } });
    expect(env).toContainEqual({ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hub', key: 'token' } } });
  });
});

describe('an InferenceService', () => {
  test('is in Standard mode, makes no route and no autoscaler, and runs the container of the Deployment', () => {
    const { metadata, spec } = objectOf('InferenceService', { form: 'kserve' });
    expect(metadata.annotations).toEqual({ 'serving.kserve.io/deploymentMode': 'Standard', 'serving.kserve.io/autoscalerClass': 'none' });
    expect(metadata.labels['networking.kserve.io/visibility']).toBe('cluster-local');
    const [container] = spec.predictor.containers;
    expect({ ...container, name: 'vllm' }).toEqual(objectOf('Deployment').spec.template.spec.containers[0]);
  });
});

describe('an LLMInferenceService', () => {
  test('says what decides memory and placement, and leaves the rest to KServe', () => {
    const { spec } = objectOf('LLMInferenceService', { form: 'llm-inference-service', plan: LARGE });
    expect(spec.model).toEqual({ uri: 's3://models/llama-3.1-8b', name: 'meta-llama/Llama-3.1-8B-Instruct' });
    expect(spec.parallelism).toEqual({ tensor: 4 });
    const [main] = spec.template.containers;
    expect(main.args).toEqual(['--max-model-len', '16384']);
    expect(main).not.toHaveProperty('image');
    expect(main).not.toHaveProperty('command');
  });

  test('names the Hub, volumes and adapters as KServe writes them', () => {
    const model = (engine: LlmServiceInput['engine']): any => objectOf('LLMInferenceService', { form: 'llm-inference-service', engine }).spec.model;
    expect(model(engineOf({ weights: { type: 'hugging-face', id: 'acme/m', revision: 'abc' } })).uri).toBe('hf://acme/m:abc');
    expect(model(engineOf({ weights: { type: 'node-cache', claimName: 'c', path: 'm' } })).uri).toBe('pvc://c/m');
    expect(model(fullEngine()).lora).toEqual({ adapters: [{ name: 'sql', uri: 's3://models/adapters/sql' }, { name: 'tone', uri: 'hf://acme/tone:0123abc' }], maxRank: 64 });
  });

  test('routes through a gateway where one is given', () => {
    const gateway = { name: 'inference', namespace: 'gateway' };
    expect(objectOf('LLMInferenceService', { form: 'llm-inference-service', gateway }).spec.router).toEqual({ gateway: { refs: [gateway] }, route: {}, scheduler: {} });
    expect(objectOf('LLMInferenceService', { form: 'llm-inference-service' }).spec).not.toHaveProperty('router');
  });
});

describe('every form', () => {
  test.each(Object.entries(samples()))('%s selects only its own pods', (_, chart: Chart) => {
    for (const object of chart.toJson()) {
      const selector = object.spec?.podSelector?.matchLabels ?? object.spec?.selector?.matchLabels;
      if (selector !== undefined) expect(selector).toEqual({ 'ml-platform/service': 'chat' });
    }
  });

  test('writes the same bytes for the same input, and shares nothing between two', () => {
    const one = JSON.stringify(llmPodSpec(serviceOf({ engine: fullEngine() }), { container: 'vllm' }));
    const again = llmPodSpec(serviceOf({ engine: fullEngine() }), { container: 'vllm' });
    (again.nodeSelector as Record<string, string>).other = 'x';
    expect(JSON.stringify(llmPodSpec(serviceOf({ engine: fullEngine() }), { container: 'vllm' }))).toBe(one);
  });
});
