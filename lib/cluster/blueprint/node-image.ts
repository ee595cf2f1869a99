import { checkLiteral, checkText, checkUnique, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

const NEVER_LATEST = "never 'latest': a new image would replace every node the day it appears";
const AL2023_VERSION: TextRule = { pattern: /^v20\d{6}$/, allowed: `a release such as 'v20260903', ${NEVER_LATEST}` };
const BOTTLEROCKET_VERSION: TextRule = { pattern: /^v\d+\.\d+\.\d+$/, allowed: `a release such as 'v1.65.0', ${NEVER_LATEST}` };
const AMI: TextRule = { pattern: /^ami-[0-9a-z]+$/, allowed: "the id of an image such as 'ami-0123456789abcdef0'" };

/** An image of your own. */
export interface CustomNodeImageOptions {
  /** Ids of the images: one, or one for each architecture. */
  readonly imageIds: string[];
}

/** What nodes boot from. With EKS Auto Mode there is no choice. */
export class NodeImage {
  /**
   * Amazon Linux 2023, optimized for EKS; on GPU instances with NVIDIA's driver and container toolkit.
   *
   * @param version release, for example `v20260903`; the platform version's one when it is left out
   * @see https://github.com/awslabs/amazon-eks-ami/releases
   */
  static al2023(version?: string): NodeImage {
    return new NodeImage('al2023', checked(version, AL2023_VERSION));
  }

  /**
   * Bottlerocket; on GPU instances with NVIDIA's driver, container toolkit and device plugin.
   *
   * @param version release, for example `v1.65.0`; the platform version's one when it is left out
   * @see https://github.com/bottlerocket-os/bottlerocket/releases
   */
  static bottlerocket(version?: string): NodeImage {
    return new NodeImage('bottlerocket', checked(version, BOTTLEROCKET_VERSION));
  }

  /** An image of your own, built from AL2023 for EKS. Driver and container toolkit have to be in it. */
  static customAl2023(options: CustomNodeImageOptions): NodeImage {
    return new NodeImage('al2023', undefined, checkedIds(options.imageIds));
  }

  /** An image of your own, built from Bottlerocket. */
  static customBottlerocket(options: CustomNodeImageOptions): NodeImage {
    return new NodeImage('bottlerocket', undefined, checkedIds(options.imageIds));
  }

  private constructor(
    /** `al2023` or `bottlerocket`. */
    readonly family: string,
    /** The release; undefined where the platform version or `imageIds` decide. */
    readonly version?: string,
    /** Ids of images of your own. */
    readonly imageIds?: string[],
  ) {}
}

function checked(version: string | undefined, rule: TextRule): string | undefined {
  const faults = Faults.at('NodeImage');
  if (checkLiteral(faults, 'version', version)) checkText(faults, 'version', version, rule);
  faults.throwIfAny();
  return version;
}

function checkedIds(imageIds: string[]): string[] {
  const faults = Faults.at('NodeImage');
  faults.check(imageIds.length > 0, 'invalid-image-ids', "imageIds is empty; name at least one, such as 'ami-0123456789abcdef0'");
  imageIds.forEach((id, index) => checkText(faults, `imageIds[${index}]`, id, AMI));
  checkUnique(faults, 'imageIds', imageIds);
  faults.throwIfAny();
  return [...imageIds];
}
