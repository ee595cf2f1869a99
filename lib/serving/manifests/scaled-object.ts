import type { ApiObjectProps } from 'cdk8s';
import type { ScalingPlan } from '../blueprint/autoscaling-plan';

/** What is scaled. */
export interface ScaledObjectRequest {
  readonly name: string;
  readonly namespace: string;
  /** The workload, in the same namespace. Leave its own `replicas` out: they are KEDA's. */
  readonly target: { readonly name: string; readonly kind?: string; readonly apiVersion?: string };
  readonly plan: ScalingPlan;
}

type Json = Record<string, unknown>;

/** A ScaledObject, and what its triggers need. https://keda.sh/docs/2.20/reference/scaledobject-spec/ */
export function scaledObject(request: ScaledObjectRequest): ApiObjectProps[] {
  const { name, namespace, target, plan } = request;
  const { kind = 'Deployment', apiVersion = 'apps/v1' } = target;
  const wake = wakeTrigger(request);
  return [
    ...plan.wake?.type === 'queue' ? [kedaIdentity(authenticationName(name), namespace)] : [],
    {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name, namespace },
      spec: {
        scaleTargetRef: { apiVersion, kind, name: target.name },
        pollingInterval: 15,
        minReplicaCount: plan.minReplicas,
        maxReplicaCount: plan.maxReplicas,
        ...plan.cooldownSeconds === undefined ? {} : { idleReplicaCount: 0, cooldownPeriod: plan.cooldownSeconds },
        ...plan.fallbackReplicas === undefined ? {} : {
          fallback: { failureThreshold: 4, replicas: plan.fallbackReplicas, behavior: 'currentReplicasIfHigher' },
        },
        advanced: { horizontalPodAutoscalerConfig: { behavior: behaviorOf(plan) } },
        triggers: [...wake, ...plan.triggers.map((trigger) => ({ ...trigger, metadata: { ...trigger.metadata } }))],
      },
    },
  ];
}

/** Up by two replicas or half of them in a minute, down one by one: each takes minutes to load, and has streams to finish. */
function behaviorOf(plan: ScalingPlan): Json {
  return {
    scaleUp: {
      stabilizationWindowSeconds: plan.scaleUpSeconds,
      selectPolicy: 'Max',
      policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }, { type: 'Percent', value: 50, periodSeconds: 60 }],
    },
    scaleDown: {
      stabilizationWindowSeconds: plan.scaleDownSeconds,
      policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
    },
  };
}

function wakeTrigger({ name, plan }: ScaledObjectRequest): Json[] {
  const { wake } = plan;
  switch (wake?.type) {
    case 'schedule': return [{
      name: 'schedule',
      type: 'cron',
      metadata: { timezone: wake.timeZone, start: wake.start, end: wake.end, desiredReplicas: String(plan.minReplicas) },
    }];
    case 'queue': return [{
      name: 'queue',
      type: 'aws-sqs-queue',
      metadata: { queueURL: wake.queueUrl, awsRegion: wake.region, queueLength: String(wake.messagesPerReplica), activationQueueLength: '0', scaleOnInFlight: 'true' },
      authenticationRef: { name: authenticationName(name) },
    }];
    // the name of the InterceptorRoute, see http-scaling.ts
    case 'request': return [{
      name: 'requests-held',
      type: 'external-push',
      metadata: { scalerAddress: `keda-add-ons-http-external-scaler.${wake.namespace}:9090`, interceptorRoute: name },
    }];
    default: return [];
  }
}

function authenticationName(name: string): string {
  return `${name.slice(0, 58)}-keda`;
}

/** KEDA reads with its own rights, by Pod Identity. https://keda.sh/docs/2.20/authentication-providers/aws/ */
function kedaIdentity(name: string, namespace: string): ApiObjectProps {
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'TriggerAuthentication',
    metadata: { name, namespace },
    spec: { podIdentity: { provider: 'aws' } },
  };
}
