/** Who makes the nodes that pools ask for. */
export enum NodeProvisioning {
  /** Karpenter on the system nodes, installed with the first pool. Images, disks and GPU sharing are yours to choose. */
  KARPENTER = 'KARPENTER',
  /**
   * EKS Auto Mode: AWS runs Karpenter, drivers and network, for a fee on top of each instance. Nodes live at most 21 days; no
   * choice of image, no GPU sharing.
   *
   * @see https://docs.aws.amazon.com/eks/latest/userguide/automode.html
   */
  AUTO_MODE = 'AUTO_MODE',
}
