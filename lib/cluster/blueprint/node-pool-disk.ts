import type { Size } from 'aws-cdk-lib';
import type { NodeDiskOptions } from './node-pool-options';
import { NodeProvisioning } from './node-provisioning';
import { checkInteger, checkLiteral, kebab } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What is decided about the disks of a pool's nodes. */
export interface DiskPlan {
  /** Size of the EBS volume, or of Auto Mode's ephemeral storage. */
  readonly sizeGiB: number;
  /** Throughput of the EBS volume in MiB/s; undefined for gp3's own 125. */
  readonly throughput?: number;
  /** Whether NVMe disks of the instance hold images and logs. */
  readonly localDisks: boolean;
  readonly parallelPull: boolean;
  /** Room for images and models on the node with the smallest disk. */
  readonly roomGiB: number;
}

/** What a pool says about disks, beside the user. */
export interface DiskRequest {
  readonly options?: NodeDiskOptions;
  readonly defaults: { readonly sizeGiB: number; readonly imageGiB: number; readonly parallelPull: boolean };
  /** The instance types and their NVMe disks in GB; empty where they are not known. */
  readonly instances: readonly { readonly name: string; readonly localNvmeGB: number }[];
  /** Whether the system shares the volume with images. */
  readonly systemOnVolume: boolean;
  readonly provisioning: NodeProvisioning;
}

/** AL2023 with NVIDIA's driver. */
const SYSTEM_GIB = 12;
/** kubelet throws out images above this share. https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
const IMAGE_SHARE = 0.85;
/** Below it, AWS says, fetching layers side by side is slower. */
const PARALLEL_PULL_MIBPS = 600;
const GIB_PER_GB = 1e9 / 2 ** 30;

/** Decides on disks, and refuses those that are too small for what goes on them. */
export function planDisk(faults: Faults, request: DiskRequest): DiskPlan {
  const { options = {}, defaults, instances } = request;
  const auto = request.provisioning === NodeProvisioning.AUTO_MODE;
  const before = faults.count;
  checkAutoMode(faults, options, auto);
  checkLiteral(faults, 'disk.localDisks', options.localDisks);
  checkLiteral(faults, 'disk.parallelPull', options.parallelPull);
  const sizeGiB = gibibytes(faults, 'size', options.size, 20, 16_384) ?? defaults.sizeGiB;
  const imageGiB = gibibytes(faults, 'imageSize', options.imageSize, 1, 16_384) ?? defaults.imageGiB;
  const modelGiB = gibibytes(faults, 'modelSize', options.modelSize, 0, 65_536) ?? 0;
  const localDisks = auto || (options.localDisks ?? true);
  const parallelPull = !auto && (options.parallelPull ?? defaults.parallelPull);
  const systemGiB = request.systemOnVolume ? SYSTEM_GIB : 0;
  const volumeRoom = Math.floor(sizeGiB * IMAGE_SHARE) - systemGiB;
  const rooms = roomsOf(localDisks ? instances : [], volumeRoom);
  if (faults.count === before) checkRoom(faults, rooms, { imageGiB, modelGiB, systemGiB });
  return {
    sizeGiB, localDisks, parallelPull,
    ...parallelPull && rooms.some(({ onVolume }) => onVolume) ? { throughput: PARALLEL_PULL_MIBPS } : {},
    roomGiB: Math.min(...rooms.map(({ room }) => room)),
  };
}

interface Need {
  readonly imageGiB: number;
  readonly modelGiB: number;
  readonly systemGiB: number;
}

interface Room {
  readonly name: string;
  readonly onVolume: boolean;
  readonly room: number;
}

/** The room on each type; on every node alike where NVMe disks are not known or not used. */
function roomsOf(instances: DiskRequest['instances'], volumeRoom: number): Room[] {
  if (instances.length === 0) return [{ name: 'every node', onVolume: true, room: volumeRoom }];
  return instances.map(({ name, localNvmeGB }) => (localNvmeGB === 0
    ? { name, onVolume: true, room: volumeRoom }
    : { name, onVolume: false, room: Math.floor(localNvmeGB * GIB_PER_GB * IMAGE_SHARE) }));
}

function checkRoom(faults: Faults, rooms: readonly Room[], { imageGiB, modelGiB, systemGiB }: Need): void {
  const need = imageGiB + modelGiB;
  const [tight, ...others] = rooms.filter(({ room }) => room < need);
  if (tight === undefined) return;
  const size = Math.ceil((need + systemGiB) / IMAGE_SHARE);
  const who = others.length > 0 ? `${tight.name} and ${others.length} other types have` : `${tight.name} has`;
  const wayOut = tight.onVolume
    ? `set disk.size to ${size} GiB or more`
    : 'choose larger instance types, stream the model from S3, or set disk.localDisks to false with a large disk.size';
  faults.add('image-larger-than-disk',
    `${who} ${Math.max(tight.room, 0)} GiB of room for images and models, and disk.imageSize ${imageGiB} GiB with disk.modelSize ${modelGiB} GiB takes ${need}; ${wayOut}`);
}

function checkAutoMode(faults: Faults, options: NodeDiskOptions, auto: boolean): void {
  if (!auto) return;
  for (const property of ['localDisks', 'parallelPull'] as const) {
    faults.check(options[property] === undefined, 'unsupported-on-auto-mode',
      `disk.${property} cannot be chosen with EKS Auto Mode, which uses NVMe disks and fetches images side by side by itself; leave it out, or use NodeProvisioning.KARPENTER`);
  }
}

type SizeName = 'size' | 'imageSize' | 'modelSize';

function gibibytes(faults: Faults, property: SizeName, size: Size | undefined, min: number, max: number): number | undefined {
  if (size === undefined) return undefined;
  const name = `disk.${property}`;
  if (size.isUnresolved()) {
    faults.add(`unresolved-${kebab(name)}`, `${name} is known only at deploy time, but it is checked at synthesis; give a literal`);
    return undefined;
  }
  const value = size.toGibibytes({ rounding: 2 });
  checkInteger(faults, name, value, { min, max, unit: 'GiB' });
  return value;
}
