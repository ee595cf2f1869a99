import { Gpu } from './gpu';
import { INSTANCES, type CatalogueInstance } from './private/catalogue';
import { imageExclusion, llmExclusion } from './private/exclusions';
import { quotasOf } from './private/quotas';
import { fail } from '../core/private/faults';
import { suggest } from '../core/private/suggest';

/** What accelerates an instance. */
export enum AcceleratorKind {
  /** NVIDIA cards. */
  GPU = 'gpu',
  /** AWS Inferentia and Trainium. */
  NEURON = 'neuron',
}

/**
 * A Service Quota of EC2 that counts the vCPUs of running instances.
 *
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
 */
export interface InstanceQuota {
  /** Code in Service Quotas, for example `L-DB2E81BA`. */
  readonly code: string;
  /** Name in Service Quotas. */
  readonly name: string;
}

/**
 * An EC2 instance type with accelerators, as in the catalogue that comes with the library.
 *
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
 */
export class AcceleratedInstance {
  /**
   * The instance type of that name.
   *
   * @param name for example `g6e.xlarge`
   * @throws a ValidationError [unknown-instance] with the name that was probably meant
   */
  static of(name: string): AcceleratedInstance {
    return CATALOGUE.get(name) ?? unknownInstance(name);
  }

  /** Every instance type of the catalogue, in its order: by family, small to large. */
  static all(): AcceleratedInstance[] {
    return [...CATALOGUE.values()];
  }

  /** @internal */
  static _of(name: string, facts: CatalogueInstance): AcceleratedInstance {
    return new AcceleratedInstance(name, facts);
  }

  /** Name of the instance type, for example `g6e.xlarge`. */
  readonly name: string;
  /** The part of the name before the dot, for example `g6e`. */
  readonly family: string;
  /** What accelerates it. */
  readonly acceleratorKind: AcceleratorKind;
  /** The card; undefined on Neuron. */
  readonly gpu?: Gpu;
  /** Whole cards, that is what `nvidia.com/gpu` counts: 0 where EC2 rents out a part of a card, and on Neuron. */
  readonly gpuCount: number;
  /** Virtual CPUs. */
  readonly vcpus: number;
  /** Main memory in GiB. */
  readonly memoryGiB: number;
  /** `amd64` or `arm64`, as in the node label `kubernetes.io/arch`. */
  readonly architecture: string;
  /** Local NVMe disks in total, in GB (10^9 bytes); 0 without. */
  readonly localNvmeGB: number;
  /** Network bandwidth that it always has, in Gbit/s. */
  readonly networkGbps: number;
  /** Elastic Fabric Adapters that it can have. */
  readonly efaCount: number;
  /** Whether its cards are joined by NVLink; else tensor parallelism runs over PCIe. */
  readonly nvlink: boolean;
  /** Quota for on-demand instances of its class; undefined where its code is not known. */
  readonly quotaOnDemand?: InstanceQuota;
  /** Quota for spot instances of its class; undefined where its code is not known. */
  readonly quotaSpot?: InstanceQuota;
  /** Why no language model is placed on it; undefined where one can be. */
  readonly llmExclusion?: string;
  /** Why EKS's own node images do not run it; undefined where they do. */
  readonly imageExclusion?: string;

  private constructor(name: string, facts: CatalogueInstance) {
    this.name = name;
    this.family = facts.family;
    this.acceleratorKind = facts.kind === AcceleratorKind.NEURON ? AcceleratorKind.NEURON : AcceleratorKind.GPU;
    const isGpu = this.acceleratorKind === AcceleratorKind.GPU;
    this.gpu = isGpu ? Gpu._of(facts.accelerator, facts.memoryMiB) : undefined;
    this.gpuCount = isGpu ? facts.count : 0;
    this.vcpus = facts.vcpus;
    this.memoryGiB = facts.memoryGiB;
    this.architecture = facts.architecture;
    this.localNvmeGB = facts.localNvmeGB;
    this.networkGbps = facts.networkGbps;
    this.efaCount = facts.efaCount;
    this.nvlink = facts.nvlink;
    const quotas = quotasOf(facts.family);
    this.quotaOnDemand = quotas.onDemand;
    this.quotaSpot = quotas.spot;
    this.llmExclusion = llmExclusion(facts, this.gpu);
    this.imageExclusion = imageExclusion(facts.family);
  }
}

/** Made once: a rank looks at every instance type. */
const CATALOGUE = new Map([...INSTANCES].map(([name, facts]) => [name, AcceleratedInstance._of(name, facts)]));

function unknownInstance(name: string): never {
  const near = suggest(name, CATALOGUE.keys());
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
  const families = [...new Set(AcceleratedInstance.all().map(({ family }) => family))].join(', ');
  return fail('AcceleratedInstance', 'unknown-instance',
    `instance '${name}' is not in the catalogue of accelerated instances${hint}; it has the families ${families}`);
}
