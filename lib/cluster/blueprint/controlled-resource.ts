/** What a controller makes outside the cluster: while it runs it can be removed, after it is gone it bills for ever. */
export enum ControlledResource {
  /** EC2 instances behind Karpenter's NodePools and NodeClaims. */
  NODES = 'nodes',
  /** Load balancers behind Services, Ingresses and Gateways. */
  LOAD_BALANCERS = 'load-balancers',
  /** EBS volumes behind PersistentVolumeClaims whose reclaim policy is Delete. */
  VOLUMES = 'volumes',
}
