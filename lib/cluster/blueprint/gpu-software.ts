/** What NVIDIA's components are given beyond what the library says. */
export interface GpuSoftwareOptions {
  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused. All pools of a
   * cluster that use the chart have to say the same.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** What runs on GPU nodes so that pods can ask for GPUs and metrics say what the GPUs do. */
export class GpuSoftware {
  /**
   * What fits the nodes' image: the GPU Operator on AL2023, and only the metrics exporter on Bottlerocket and EKS Auto Mode, which
   * bring a device plugin of their own.
   */
  static auto(): GpuSoftware {
    return new GpuSoftware('auto');
  }

  /**
   * NVIDIA's GPU Operator: device plugin, labels, MIG manager and metrics exporter. Driver and container toolkit are those of
   * the image. On Bottlerocket and Auto Mode it is an error.
   *
   * @param options values of the chart `gpu-operator`
   * @see https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/
   */
  static gpuOperator(options: GpuSoftwareOptions = {}): GpuSoftware {
    return new GpuSoftware('gpu-operator', options.values);
  }

  /**
   * NVIDIA's device plugin and the metrics exporter, without the operator: smaller, and without MIG. On Bottlerocket and Auto
   * Mode, and beside the operator, it is an error.
   *
   * @param options values of the chart `nvidia-device-plugin`
   * @see https://github.com/NVIDIA/k8s-device-plugin
   */
  static devicePlugin(options: GpuSoftwareOptions = {}): GpuSoftware {
    return new GpuSoftware('device-plugin', options.values);
  }

  /**
   * Only the metrics exporter. On AL2023 pods can ask for GPUs only if somebody else installs a device plugin.
   *
   * @see https://github.com/NVIDIA/dcgm-exporter
   */
  static dcgmExporterOnly(): GpuSoftware {
    return new GpuSoftware('dcgm-exporter');
  }

  /** Nothing: the nodes' software is somebody else's. */
  static none(): GpuSoftware {
    return new GpuSoftware('none');
  }

  private constructor(
    /** `auto`, `gpu-operator`, `device-plugin`, `dcgm-exporter` or `none`. */
    readonly type: string,
    /** Values of its chart; undefined where nothing is added. */
    readonly values?: { readonly [key: string]: unknown },
  ) {}
}
