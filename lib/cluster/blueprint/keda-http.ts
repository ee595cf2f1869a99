import { imageNamed } from './image-address';

/** Custom resources that the chart defines. */
export const KEDA_HTTP_KINDS = ['http.keda.sh/HTTPScaledObject', 'http.keda.sh/InterceptorRoute'];

/** What is decided about the HTTP add-on. */
export interface KedaHttpRequest {
  readonly replicas: number;
  readonly images: readonly string[];
}

/** Values of the chart. */
export function kedaHttpValues(request: KedaHttpRequest): Record<string, unknown> {
  const { replicas, images } = request;
  const operator = imageNamed(images, 'http-add-on-operator');
  // the chart's own 250m for each of seven pods fill a system node that has nothing to do
  const resources = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } };
  return {
    crds: { install: true },
    images: {
      operator: operator.path,
      interceptor: imageNamed(images, 'http-add-on-interceptor').path,
      scaler: imageNamed(images, 'http-add-on-scaler').path,
      tag: operator.tag,
    },
    operator: { resources, pullPolicy: 'IfNotPresent' },
    scaler: { replicas, resources, pullPolicy: 'IfNotPresent' },
    interceptor: {
      replicas: { min: replicas },
      // it holds the bodies of requests that wait for a model
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
      pullPolicy: 'IfNotPresent',
      // an answer of a language model may begin later than the built-in 300 seconds
      responseHeaderTimeout: '900s',
      // above this, callers of one cold model are told to come again; each copy counts for itself
      coldStart: { maxPendingRequests: 1000 },
    },
    podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  };
}
