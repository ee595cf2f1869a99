import { checkLiteral, checkText } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Where files of manifests go. */
export interface ManifestDirectoryOptions {
  /** Folder for the files, relative to the folder in which the app runs. One cluster owns it. */
  readonly directory: string;
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
   * Written for Argo CD at synthesis: plain objects with sync waves, and an `Application` for each chart. Point an Argo CD
   * application at the folder, with `directory.recurse: true`.
   *
   * @see https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
   */
  static gitOps(options: ManifestDirectoryOptions): ManifestDelivery {
    return new ManifestDelivery('gitOps', directoryOf(options));
  }

  private constructor(
    /** `helm`, `yaml` or `gitOps`. */
    readonly type: string,
    /** Folder of the files; undefined for `helm`. */
    readonly directory?: string,
  ) {}
}

function directoryOf(options: ManifestDirectoryOptions): string {
  const faults = Faults.at('ManifestDelivery');
  if (checkLiteral(faults, 'directory', options.directory)) {
    checkText(faults, 'directory', options.directory, { pattern: /^[^\0]*[^\0\s/.\\][^\0]*$/, allowed: "the path of a folder of its own, such as 'deploy/prod'" });
  }
  faults.throwIfAny();
  return options.directory.replace(/\/+$/, '');
}
