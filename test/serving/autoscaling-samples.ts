import { Stack, Token } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Chart } from 'cdk8s';
import { chartOf } from './routes-samples';
import { Faults } from '../../lib/core/private/faults';
import { ScaleToZero } from '../../lib/serving';
import { planLlmScaling, planRequestScaling, type LlmScalingRequest, type RequestScalingRequest, type ScalingPlan } from '../../lib/serving/blueprint/autoscaling-plan';
import { heldService } from '../../lib/serving/manifests/http-scaling';
import { scaledObject } from '../../lib/serving/manifests/scaled-object';

export const PROMETHEUS = 'http://prometheus.monitoring.svc:9090';

/** The plan of a language model; faults are thrown. */
export function llmPlan(request: Partial<LlmScalingRequest> = {}): ScalingPlan {
  return planned((faults) => planLlmScaling(faults, {
    hasGateway: true, prometheusUrl: PROMETHEUS, autoscaling: { maxReplicas: 4 }, metricLabels: { namespace: 'models', service: 'chat' }, ...request,
  }));
}

/** The plan of a model service; faults are thrown. */
export function requestPlan(request: Partial<RequestScalingRequest> = {}): ScalingPlan {
  return planned((faults) => planRequestScaling(faults, {
    hasGateway: true, prometheusUrl: PROMETHEUS, autoscaling: { maxReplicas: 4 }, route: { namespace: 'models', name: 'fraud' }, ...request,
  }));
}

function planned(plan: (faults: Faults) => ScalingPlan | undefined): ScalingPlan {
  const faults = Faults.at('Service');
  const result = plan(faults);
  faults.throwIfAny();
  if (result === undefined) throw new Error('no plan');
  return result;
}

/** A queue whose address is text, as in an import. */
export function queueOf(): sqs.IQueue {
  const stack = new Stack(undefined, 'Queues', { env: { account: '111122223333', region: 'eu-west-1' } });
  return sqs.Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-west-1:111122223333:prompts');
}

/** Scaling in its smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  const scaled = (plan: ScalingPlan, name = 'chat'): Chart => chartOf(
    ...scaledObject({ name, namespace: 'models', target: { name }, plan: textual(plan) }),
    ...heldService({ name, namespace: 'models', service: { name, port: 8000 }, plan }));
  return {
    'a language model': scaled(llmPlan()),
    'a model service': scaled(requestPlan({ autoscaling: { maxReplicas: 9, minReplicas: 2, requestsPerSecond: 0.5, concurrentRequests: 3, fallbackReplicas: 4 } })),
    'up by schedule': scaled(llmPlan({ scaleToZero: ScaleToZero.schedule({ start: '30 7 * * MON-FRI', end: '0 19 * * 1-5', timeZone: 'Europe/Berlin' }), autoscaling: { minReplicas: 2, maxReplicas: 3 } })),
    'up by queue': scaled(llmPlan({ scaleToZero: ScaleToZero.onQueue(queueOf()) }), 'c'.repeat(63)),
    'up by request': scaled(llmPlan({ scaleToZero: ScaleToZero.onRequest({ namespace: 'keda-http' }) })),
    'a workload of another kind': chartOf(...scaledObject({ name: 'big', namespace: 'models', target: { apiVersion: 'leaderworkerset.x-k8s.io/v1', kind: 'LeaderWorkerSet', name: 'big' }, plan: llmPlan() })),
  };
}

/** The API server has no values of the deployment: they are texts by the time they come there. */
function textual(plan: ScalingPlan): ScalingPlan {
  return JSON.parse(JSON.stringify(plan, (_, value: unknown) => (Token.isUnresolved(value) ? 'https://sqs.eu-west-1.amazonaws.com/111122223333/prompts' : value))) as ScalingPlan;
}
