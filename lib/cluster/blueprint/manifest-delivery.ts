import { checkLiteral, checkText } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Where files of manifests go. */
export interface ManifestDirectoryOptions {
  /** Folder for the files, relative to the folder in which the app runs. One cluster owns it. */
  readonly directory: string;
}

/** Who takes files from Git into the cluster. */
export enum GitOpsTool {
  /** Argo CD: sync waves, an Application for each chart. https://argo-cd.readthedocs.io */
  ARGO_CD = 'argo-cd',
  /** Flux: Kustomizations that depend on each other, a HelmRelease for each chart. https://fluxcd.io */
  FLUX = 'flux',
}

/** How files for Git are written. */
export interface GitOpsOptions extends ManifestDirectoryOptions {
  /**
   * Who takes the files into the cluster.
   *
   * @default GitOpsTool.ARGO_CD
   */
  readonly tool?: GitOpsTool;

  /**
   * The folder as the repository's root sees it, where the app does not run there. Flux needs it.
   *
   * @default - `directory`
   */
  readonly repositoryPath?: string;
}

/** How Kubernetes objects and charts get into the cluster. */
export class ManifestDelivery {
  /**
   * Installed at deployment: each set of manifests is a generated Helm chart that the cluster's handler installs from S3.
   * What is removed from a chart is removed from the cluster, and values may be known only at deploy time.
   */
  static helm(): ManifestDelivery {
    return new ManifestDelivery('helm');
  }

  /**
   * Written as YAML at synthesis, to be applied by hand or by a pipeline, in the order of the folders' numbers.
   * Charts are written as `Chart.yaml` with the pinned dependency and `values.yaml`.
   */
  static yaml(options: ManifestDirectoryOptions): ManifestDelivery {
    return new ManifestDelivery('yaml', directoryOf(options));
  }

  /**
   * Written for Git at synthesis.
   *
   * For Argo CD: plain objects with sync waves, and an `Application` for each chart. Point an Argo CD application at the folder,
   * with `directory.recurse: true`. For Flux: a `Kustomization` for each set of objects and each chart, which depend on each
   * other. Point Flux at the folder `flux` in it; its `GitRepository` has to be called `flux-system`, as `flux bootstrap` does.
   *
   * @see https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/ https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
   */
  static gitOps(options: GitOpsOptions): ManifestDelivery {
    const directory = directoryOf(options);
    return new ManifestDelivery('gitOps', directory, options.tool ?? GitOpsTool.ARGO_CD, repositoryPathOf(options) ?? directory);
  }

  private constructor(
    /** `helm`, `yaml` or `gitOps`. */
    readonly type: string,
    /** Folder of the files; undefined for `helm`. */
    readonly directory?: string,
    /** Who takes files from Git; undefined for `helm` and `yaml`. */
    readonly tool?: GitOpsTool,
    /** The folder as the repository's root sees it; undefined for `helm` and `yaml`. */
    readonly repositoryPath?: string,
  ) {}
}

const FOLDER = { pattern: /^[^\0]*[^\0\s/.\\][^\0]*$/, allowed: "the path of a folder of its own, such as 'deploy/prod'" };

function directoryOf(options: ManifestDirectoryOptions): string {
  const faults = Faults.at('ManifestDelivery');
  if (checkLiteral(faults, 'directory', options.directory)) checkText(faults, 'directory', options.directory, FOLDER);
  faults.throwIfAny();
  return options.directory.replace(/\/+$/, '');
}

function repositoryPathOf({ directory, repositoryPath, tool }: GitOpsOptions): string | undefined {
  const faults = Faults.at('ManifestDelivery');
  checkText(faults, 'repositoryPath', repositoryPath, { pattern: /^(?!\/)[^\0]*[^\0\s]$/, allowed: "a path from the repository's root, such as 'deploy/prod'" });
  faults.check(tool !== GitOpsTool.FLUX || repositoryPath !== undefined || !/^(\/|\.\.)/.test(directory), 'missing-repository-path',
    `directory '${directory}' lies outside of the folder in which the app runs, so Flux cannot find it by that path; give repositoryPath, the folder as the repository's root sees it`);
  faults.throwIfAny();
  return repositoryPath?.replace(/^\.\/|\/+$/g, '');
}
