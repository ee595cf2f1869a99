import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { runtimeAsset, type RuntimeTarget } from '../core/private/runtime-asset';

/** The library's own image with one of its targets, built for the processors that the service runs on. */
export function runtimeImage(runtimeTarget: RuntimeTarget, architecture: ecs.CpuArchitecture = ecs.CpuArchitecture.X86_64): ecs.ContainerImage {
  const { directory, target, exclude } = runtimeAsset(runtimeTarget);
  const platform = architecture === ecs.CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64;
  return ecs.ContainerImage.fromAsset(directory, { target, exclude, platform });
}
