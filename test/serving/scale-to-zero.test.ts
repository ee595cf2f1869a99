import { Duration, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Chart } from 'cdk8s';
import * as fc from 'fast-check';
import { llmPlan, queueOf, samples } from './autoscaling-samples';
import { faultsOf } from './rollout-support';
import { ask, seeded, type HttpRoute } from './route-reader';
import { ROUTE } from './routes-samples';
import { Rollout, ScaleToZero } from '../../lib/serving';
import { heldRoute, heldService } from '../../lib/serving/manifests/http-scaling';
import { inferenceRoute } from '../../lib/serving/manifests/routes';

interface Json { kind: string; metadata: { name: string; namespace: string }; spec: Record<string, any> }
const objectsOf = (chart: Chart | undefined): Json[] => chart?.toJson() as Json[];
const kind = (objects: Json[], name: string): Json => objects.find((it) => it.kind === name)!;

const zeros: [string, () => ScaleToZero][] = [
  ['schedule', () => ScaleToZero.schedule({ start: '0 7 * * *', end: '0 19 * * *' })],
  ['queue', () => ScaleToZero.onQueue(queueOf())],
  ['request', () => ScaleToZero.onRequest()],
];

describe.each(zeros)('a service that goes to zero by %s', (type, zero) => {
  test('idles at zero, comes back to its least number, and stays for ten minutes', () => {
    const scaledObject = kind(objectsOf(samples()[`up by ${type}`]), 'ScaledObject');
    // idleReplicaCount has to be less than minReplicaCount: https://keda.sh/docs/2.20/reference/scaledobject-spec/#idlereplicacount
    expect(scaledObject.spec).toMatchObject({ idleReplicaCount: 0, cooldownPeriod: 600 });
    expect(scaledObject.spec.minReplicaCount).toBeGreaterThan(0);
    expect(zero()).toMatchObject({ type, cooldownSeconds: 600 });
  });

  test('is not woken by missing metrics, and has no fallback, which would wake it', () => {
    const { spec } = kind(objectsOf(samples()[`up by ${type}`]), 'ScaledObject');
    expect(spec.fallback).toBeUndefined();
    const read = spec.triggers.filter((it: { type: string }) => it.type === 'prometheus');
    expect(read.map((it: { metadata: Record<string, string> }) => it.metadata.ignoreNullValues)).toEqual(['true', 'true']);
    expect(faultsOf(() => llmPlan({ scaleToZero: zero(), autoscaling: { maxReplicas: 3, fallbackReplicas: 2 } }))).toEqual([
      '[invalid-autoscaling-fallback-replicas] autoscaling.fallbackReplicas would wake a service that goes to zero whenever Prometheus is away; leave it out, or leave scaleToZero out',
    ]);
  });

  test('has something that wakes it and needs no pods', () => {
    const { spec } = kind(objectsOf(samples()[`up by ${type}`]), 'ScaledObject');
    expect(spec.triggers[0].type).toBe({ schedule: 'cron', queue: 'aws-sqs-queue', request: 'external-push' }[type]);
  });

  test('has no candidate', () => {
    expect(faultsOf(() => llmPlan({ scaleToZero: zero(), rollout: Rollout.canary({ step: 1 }) }))).toEqual([
      "[scale-to-zero-with-rollout] scaleToZero cannot be combined with the rollout 'canary': a candidate without replicas would answer its share with errors; finish the rollout, or leave scaleToZero out until then",
    ]);
  });

  test('says how far it comes back', () => {
    expect(faultsOf(() => llmPlan({ scaleToZero: zero(), autoscaling: undefined }))).toEqual([
      '[scale-to-zero-without-autoscaling] scaleToZero is given without autoscaling; say with autoscaling.maxReplicas how far the service comes back',
    ]);
  });
});

describe('by schedule', () => {
  const schedule = (start: string, end = '0 19 * * *', timeZone?: string) => ScaleToZero.schedule({ start, end, timeZone });

  test('it is up with its least number of replicas, in UTC unless said otherwise', () => {
    const { spec } = kind(objectsOf(samples()['up by schedule']), 'ScaledObject');
    expect(spec.triggers[0].metadata).toEqual({ timezone: 'Europe/Berlin', start: '30 7 * * MON-FRI', end: '0 19 * * 1-5', desiredReplicas: '2' });
    expect(schedule('0 7 * * *')._wake).toMatchObject({ timeZone: 'UTC' });
  });

  test.each(['* * * * *', '*/15 0-6,22-23 1,15 jan-mar MON', '5-50/5 ? 31 12 0'])('"%s" is a time', (cron) => {
    expect(schedule(cron).type).toBe('schedule');
  });

  test.each([
    ['0 7 * *', "start '0 7 * *' is not a cron expression of five fields; give minute, hour, day of month, month and day of week, such as '0 7 * * MON-FRI'"],
    ['60 7 * * *', "start '60 7 * * *' has '60' as its minute; use *, values from 0 to 59, ranges such as 0-59, or steps such as */2"],
    ['0 7 * * 7', "start '0 7 * * 7' has '7' as its day of week; use *, values from 0 to 6, ranges such as 0-6, or steps such as */2"],
    ['0 7 0 * *', "start '0 7 0 * *' has '0' as its day of month; use *, values from 1 to 31, ranges such as 1-31, or steps such as */2"],
    ['0 9-7 * * *', "start '0 9-7 * * *' has '9-7' as its hour; use *, values from 0 to 23, ranges such as 0-23, or steps such as */2"],
    ['0 7 * * MON,', "start '0 7 * * MON,' has 'MON,' as its day of week; use *, values from 0 to 6, ranges such as 0-6, or steps such as */2"],
    ['0 */0 * * *', "start '0 */0 * * *' has '*/0' as its hour; use *, values from 0 to 23, ranges such as 0-23, or steps such as */2"],
  ])('"%s" is none', (cron, message) => {
    expect(faultsOf(() => schedule(cron))).toEqual([`[invalid-start] ${message}`]);
  });

  test('a window without length and an unknown zone are refused', () => {
    expect(faultsOf(() => schedule('0 7 * * *', '0 7 * * *', 'Europe/Berlim'))).toEqual([
      "[invalid-end] end '0 7 * * *' is the same as start, so the service would never be up; give another time",
      "[invalid-time-zone] timeZone 'Europe/Berlim' is not in the IANA database; use a name such as 'Europe/Berlin' or 'UTC'",
    ]);
    expect(faultsOf(() => schedule('0 7 * * *', '0 9 * * *', '+02:00'))[0]).toContain('[invalid-time-zone]');
  });

  test('any text is a schedule or refused', () => fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9*/,\-A-Z ?]{1,30}$/)), (cron) => {
    try {
      expect(schedule(cron).type).toBe('schedule');
    } catch (error) {
      expect(String(error)).toContain('[invalid-start]');
    }
  }), { numRuns: 1_000 }));
});

describe('by queue', () => {
  test('KEDA reads the length with its own rights', () => {
    const objects = objectsOf(samples()['up by queue']);
    const authentication = kind(objects, 'TriggerAuthentication');
    expect(authentication.spec).toEqual({ podIdentity: { provider: 'aws' } });
    const { authenticationRef, metadata } = kind(objects, 'ScaledObject').spec.triggers[0];
    expect(authenticationRef.name).toBe(authentication.metadata.name);
    expect(metadata).toMatchObject({ awsRegion: 'eu-west-1', queueLength: '50', scaleOnInFlight: 'true' });
  });

  test('KEDA gets that right, and no other', () => {
    const stack = new Stack();
    const role = new iam.Role(stack, 'Keda', { assumedBy: new iam.ServicePrincipal('pods.eks.amazonaws.com') });
    ScaleToZero.onQueue(new sqs.Queue(stack, 'Queue'), { scaler: role, messagesPerReplica: 7, cooldown: Duration.minutes(1) });
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      { Effect: 'Allow', Action: 'sqs:GetQueueAttributes', Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Queue/), 'Arn'] } },
    ]);
  });

  test('the address of a queue may be known only at deploy time', () => {
    const plan = llmPlan({ scaleToZero: ScaleToZero.onQueue(new sqs.Queue(new Stack(), 'Queue')) });
    expect(plan.wake?.type === 'queue' && Token.isUnresolved(plan.wake.queueUrl)).toBe(true);
  });

  test('a share of no messages is refused', () => {
    expect(faultsOf(() => ScaleToZero.onQueue(queueOf(), { messagesPerReplica: 0, cooldown: Duration.days(2) }))).toEqual([
      '[invalid-messages-per-replica] messagesPerReplica 0 is not a whole number from 1 to 120000; use a value in that range',
      '[invalid-cooldown] cooldown 172800 s is not from 0 seconds to 1 day; use a duration in that range',
    ]);
  });
});

describe('by request', () => {
  const plan = llmPlan({ scaleToZero: ScaleToZero.onRequest({ holdFor: Duration.minutes(5), concurrentRequests: 8 }) });
  const held = heldRoute({ name: 'chat', namespace: 'models', plan })!;
  const objects = heldService({ name: 'chat', namespace: 'models', service: { name: 'chat', port: 8000 }, plan }) as unknown as Json[];

  test('the route leads to the proxy, which knows the service by the host that it sees', () => {
    const route = JSON.parse(JSON.stringify(inferenceRoute({ ...ROUTE, stable: held.backend, rewriteHost: held.rewriteHost }))) as HttpRoute;
    const answer = ask([route], { path: '/chat/v1/models', host: 'llm.example.com' }, seeded(1));
    expect(answer).toMatchObject({ status: 200, backend: 'keda/keda-add-ons-http-interceptor-proxy:8080', path: '/v1/models' });
    expect(kind(objects, 'InterceptorRoute').spec).toMatchObject({ rules: [{ hosts: [answer.host] }], target: { service: 'chat', port: 8000 } });
  });

  test('the proxy waits for the model, and never cuts an answer', () => {
    expect(kind(objects, 'InterceptorRoute').spec).toMatchObject({
      timeouts: { readiness: '300s', request: '0s', responseHeader: '0s' }, scalingMetric: { concurrency: { targetValue: 8 } },
    });
  });

  test('the route may go to the other namespace', () => {
    const grant = kind(objects, 'ReferenceGrant');
    expect(grant.metadata.namespace).toBe(held.backend.namespace);
    expect(grant.spec).toEqual({
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'models' }], to: [{ group: '', kind: 'Service', name: held.backend.service }],
    });
  });

  test('the trigger names the route that the proxy counts', () => {
    const all = objectsOf(samples()['up by request']);
    expect(kind(all, 'ScaledObject').spec.triggers[0].metadata).toEqual({
      scalerAddress: 'keda-add-ons-http-external-scaler.keda-http:9090', interceptorRoute: kind(all, 'InterceptorRoute').metadata.name,
    });
  });

  test('other services are not held', () => {
    expect(heldRoute({ name: 'chat', namespace: 'models', plan: llmPlan() })).toBeUndefined();
    expect(heldService({ name: 'chat', namespace: 'models', service: { name: 'chat', port: 1 }, plan: llmPlan() })).toEqual([]);
  });

  test('it needs a gateway', () => {
    expect(faultsOf(() => llmPlan({ hasGateway: false, scaleToZero: ScaleToZero.onRequest() }))).toEqual([
      '[scale-to-zero-without-gateway] scaleToZero.onRequest holds requests between the gateway and the service, but gateway is not given; give one, or wake the service by schedule or queue',
    ]);
  });

  test('what cannot work is refused', () => {
    expect(faultsOf(() => ScaleToZero.onRequest({ concurrentRequests: 0, holdFor: Duration.hours(2), namespace: 'Keda', cooldown: Duration.days(2) }))).toEqual([
      '[invalid-concurrent-requests] concurrentRequests 0 is not a whole number from 1 to 100000; use a value in that range',
      '[invalid-hold-for] holdFor 7200 s is not from 1 second to 1 hour; use a duration in that range',
      "[invalid-namespace] namespace 'Keda' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      '[invalid-cooldown] cooldown 172800 s is not from 0 seconds to 1 day; use a duration in that range',
    ]);
  });
});
