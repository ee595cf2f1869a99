import { checkInteger, checkLiteral, checkText, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** The resource of a whole GPU. */
const GPU = 'nvidia.com/gpu';

/** Names of MIG profiles, without media extensions. https://docs.nvidia.com/datacenter/tesla/mig-user-guide/ */
const PROFILE: TextRule = { pattern: /^[1-7]g\.[1-9][0-9]{0,2}gb$/, allowed: "a MIG profile such as '1g.10gb'" };

/** How several pods share one GPU. */
export class GpuSharing {
  /**
   * Pods take turns on the whole GPU. Nothing keeps their memory apart: each has to stay below its share.
   *
   * @param replicas pods that share one GPU, from 2 to 16
   * @throws a ValidationError [invalid-replicas]
   * @see https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-sharing.html
   */
  static timeSlicing(replicas: number): GpuSharing {
    const faults = Faults.at('GpuSharing');
    if (checkLiteral(faults, 'replicas', replicas)) checkInteger(faults, 'replicas', replicas, { min: 2, max: 16, unit: 'pods' });
    faults.throwIfAny();
    return new GpuSharing('time-slicing', GPU, replicas);
  }

  /**
   * Each GPU is cut into equal slices with memory and compute of their own. Only some cards can do that.
   *
   * @param profile what one slice has, for example `1g.10gb`
   * @throws a ValidationError [invalid-profile]
   * @see https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-mig.html
   */
  static mig(profile: string): GpuSharing {
    const faults = Faults.at('GpuSharing');
    if (checkLiteral(faults, 'profile', profile)) checkText(faults, 'profile', profile, PROFILE);
    faults.throwIfAny();
    return new GpuSharing('mig', `nvidia.com/mig-${profile}`, 1, profile);
  }

  private constructor(
    /** `time-slicing` or `mig`. */
    readonly type: string,
    /** What pods ask for: `nvidia.com/gpu`, or a slice such as `nvidia.com/mig-1g.10gb`. */
    readonly gpuResource: string,
    /** Pods that share one GPU or slice. */
    readonly podsPerGpu: number,
    /** What one slice has; undefined without MIG. */
    readonly profile?: string,
  ) {}
}
