import { imageNamed, type ImageAddress } from './image-address';

/** Namespace and ServiceAccount of the operator: scalers that read AWS use its rights. */
export const KEDA = { namespace: 'keda', serviceAccount: 'keda-operator' } as const;

/** Custom resources that the chart defines, and that its webhook judges. */
export const KEDA_KINDS = [
  'eventing.keda.sh/CloudEventSource', 'eventing.keda.sh/ClusterCloudEventSource',
  'keda.sh/ClusterTriggerAuthentication', 'keda.sh/ScaledJob', 'keda.sh/ScaledObject', 'keda.sh/TriggerAuthentication',
];

/** What is decided about KEDA. */
export interface KedaRequest {
  readonly replicas: number;
  readonly images: readonly string[];
}

/** Values of the chart. The pods meet Pod Security "restricted" by the chart's own defaults. */
export function kedaValues(request: KedaRequest): Record<string, unknown> {
  const { replicas, images } = request;
  const parts = (name: string): Partial<ImageAddress> => {
    const { registry, repository, tag } = imageNamed(images, name);
    return { registry, repository, tag };
  };
  return {
    crds: { install: true },
    image: {
      keda: parts('keda'),
      metricsApiServer: parts('keda-metrics-apiserver'),
      webhooks: parts('keda-admission-webhooks'),
      pullPolicy: 'IfNotPresent',
    },
    serviceAccount: { operator: { name: KEDA.serviceAccount } },
    operator: { replicaCount: replicas },
    metricsServer: { replicaCount: replicas },
    webhooks: { replicaCount: replicas },
    // errors of scalers are the first thing to look at when nothing scales
    prometheus: { operator: { enabled: true, serviceMonitor: { enabled: true } } },
  };
}
