import { Yaml } from 'cdk8s';
import type { ChartRelease } from './add-on-files';

/** Where Flux lives, and what `flux bootstrap` calls the repository. https://fluxcd.io/flux/cmd/flux_bootstrap/ */
const FLUX = 'flux-system';

/** One folder of the repository, as Flux applies it. */
export interface FluxFolder {
  readonly name: string;
  /** Path of the folder from the repository's root. */
  readonly path: string;
  /** Names of the folders that come first. */
  readonly dependsOn: readonly string[];
  /** Whether those that depend on it wait until all in it is ready. Right for controllers, wrong for GPU pods. */
  readonly wait: boolean;
}

/** What makes Flux apply a folder after others. https://fluxcd.io/flux/components/kustomize/kustomizations/ */
export function fluxKustomization(folder: FluxFolder): string {
  return Yaml.stringify({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: folder.name, namespace: FLUX },
    spec: {
      interval: '10m',
      retryInterval: '1m',
      timeout: '15m',
      path: `./${folder.path}`,
      prune: true,
      wait: folder.wait,
      sourceRef: { kind: 'GitRepository', name: FLUX },
      ...folder.dependsOn.length === 0 ? {} : { dependsOn: folder.dependsOn.map((name) => ({ name })) },
    },
  });
}

/** The release of a pinned chart, and where Flux gets it. https://fluxcd.io/flux/components/helm/helmreleases/ */
export function fluxHelmRelease(release: ChartRelease): Record<string, string> {
  const oci = release.repository.startsWith('oci://');
  const metadata = { name: release.name, namespace: FLUX };
  const source = oci
    ? { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'OCIRepository', metadata, spec: { interval: '1h', url: release.repository, ref: { tag: release.version } } }
    : { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'HelmRepository', metadata, spec: { interval: '1h', url: release.repository } };
  const crds = release.skipCrds ? 'Skip' : 'CreateReplace';
  return {
    'source.yaml': Yaml.stringify(source),
    'helm-release.yaml': Yaml.stringify({
      apiVersion: 'helm.toolkit.fluxcd.io/v2',
      kind: 'HelmRelease',
      metadata,
      spec: {
        interval: '10m',
        timeout: '12m',
        releaseName: release.name,
        targetNamespace: release.namespace,
        storageNamespace: release.namespace,
        install: { crds },
        upgrade: { crds },
        ...oci
          ? { chartRef: { kind: 'OCIRepository', name: release.name } }
          : { chart: { spec: { chart: release.chart, version: release.version, sourceRef: { kind: 'HelmRepository', name: release.name } } } },
        values: release.values,
      },
    }),
  };
}
