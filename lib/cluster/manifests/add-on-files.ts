import { Yaml } from 'cdk8s';
import { SYNC_WAVE } from './yaml-folder';

/** A chart of somebody else, pinned, with its values. */
export interface ChartRelease {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  /** `oci://...` with the chart's name, or an `https://...` index. */
  readonly repository: string;
  readonly version: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** True where another chart brings what is in the chart's `crds/` folder. */
  readonly skipCrds?: boolean;
}

/** The release as an Argo CD Application. https://argo-cd.readthedocs.io/en/stable/user-guide/helm/ */
export function argoApplication(release: ChartRelease, wave: number): Record<string, string> {
  const { chart, repoURL } = argoSource(release);
  return {
    'application.yaml': Yaml.stringify({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: {
        name: release.name,
        namespace: 'argocd',
        annotations: { [SYNC_WAVE]: String(wave) },
        finalizers: ['resources-finalizer.argocd.argoproj.io/foreground'],
      },
      spec: {
        project: 'default',
        destination: { server: 'https://kubernetes.default.svc', namespace: release.namespace },
        source: {
          repoURL, chart, targetRevision: release.version,
          helm: { releaseName: release.name, ...release.skipCrds ? { skipCrds: true } : {}, valuesObject: release.values },
        },
        syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['ServerSideApply=true'] },
      },
    }),
  };
}

/** The release as a chart of ours that depends on the pinned one: `helm dependency build`, then `helm upgrade --install`. */
export function wrapperChart(release: ChartRelease): Record<string, string> {
  const repository = release.repository.startsWith('oci://') ? release.repository.slice(0, release.repository.lastIndexOf('/')) : release.repository;
  return {
    'Chart.yaml': Yaml.stringify({
      apiVersion: 'v2',
      name: release.name,
      version: '1.0.0',
      type: 'application',
      description: `installed into the namespace ${release.namespace}${release.skipCrds ? ' with --skip-crds' : ''}`,
      dependencies: [{ name: release.chart, version: release.version, repository }],
    }),
    'values.yaml': Yaml.stringify({ [release.chart]: release.values }),
  };
}

/** Argo CD writes an OCI registry without its scheme and the chart apart from it. */
function argoSource(release: ChartRelease): { chart: string; repoURL: string } {
  if (!release.repository.startsWith('oci://')) return { chart: release.chart, repoURL: release.repository };
  const bare = release.repository.slice('oci://'.length);
  const at = bare.lastIndexOf('/');
  return { chart: bare.slice(at + 1), repoURL: bare.slice(0, at) };
}
