import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

interface Container { readonly image?: string }

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

/** The pods that workloads among these objects would start, one of each. */
export function podsOf(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.flatMap((object) => {
    const template = templateOf(object);
    if (template === undefined) return [];
    const metadata = { ...template.metadata, name: `${object.metadata?.name}-${object.kind.toLowerCase()}`, namespace: object.metadata?.namespace };
    return [{ apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec }];
  });
}

/** The images of pods. */
export function imagesOf(pods: readonly KubernetesObject[]): string[] {
  const images = pods.flatMap(({ spec }) => {
    const { containers, initContainers = [] } = spec as PodSpec;
    return [...containers, ...initContainers].map(({ image = '' }) => image);
  });
  return [...new Set(images)].sort();
}

function templateOf({ kind, spec }: KubernetesObject): PodTemplate | undefined {
  if (kind === 'CronJob') return (spec as { jobTemplate: { spec: { template: PodTemplate } } }).jobTemplate.spec.template;
  return ['Deployment', 'DaemonSet', 'StatefulSet', 'ReplicaSet', 'Job'].includes(kind) ? (spec as { template: PodTemplate }).template : undefined;
}
