/** API groups that EKS Auto Mode brings into every cluster. */
export const AUTO_MODE_GROUPS = ['karpenter.sh', 'eks.amazonaws.com'];

/** Pools of its own: `system` for what tolerates `CriticalAddonsOnly`, `general-purpose` for the platform's controllers. */
export const AUTO_MODE_POOLS = ['general-purpose', 'system'];

/** Policies of its nodes. https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html */
export const AUTO_MODE_NODE_POLICIES = ['AmazonEKSWorkerNodeMinimalPolicy', 'AmazonEC2ContainerRegistryPullOnly'];

/** Driver of its EBS volumes. https://docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html */
export const AUTO_MODE_PROVISIONER = 'ebs.csi.eks.amazonaws.com';
