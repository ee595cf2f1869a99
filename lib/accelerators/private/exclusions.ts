import type { CatalogueInstance } from './catalogue';
import type { Gpu } from '../gpu';

/** Why the memory rules do not hold for an instance type, or vLLM does not run there; undefined where both are fine. */
export function llmExclusion(facts: CatalogueInstance, gpu: Gpu | undefined): string | undefined {
  if (gpu === undefined) {
    return 'Neuron compiles models ahead of time and has memory rules of its own, which those of vLLM on CUDA do not describe';
  }
  if (facts.count === 0) return `it has ${facts.fraction ?? 'a part'} of an ${gpu.name}, which Kubernetes does not offer as nvidia.com/gpu`;
  // CUDA 13 ended with Volta; the arm64 image leaves Turing out too
  const oldest = facts.architecture === 'arm64' ? 8.0 : 7.5;
  if (gpu.computeCapability >= oldest) return undefined;
  const image = facts.architecture === 'arm64' ? 'vLLM\'s arm64 image' : 'vLLM\'s image';
  const has = gpu.computeCapability.toFixed(1);
  return `its ${gpu.name} has compute capability ${has}, and ${image} is built for ${oldest.toFixed(1)} and up`;
}

/** Why EKS's own node images do not run an instance type; undefined where they do. */
export function imageExclusion(family: string): string | undefined {
  // https://github.com/awslabs/amazon-eks-ami/blob/main/doc/usage/g7-ami.md
  return family === 'g7' ? 'EKS\'s node images ship the NVIDIA driver 580, G7 needs 595: it takes an AMI of your own' : undefined;
}
