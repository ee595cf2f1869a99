/** Where proxies of the platform's GatewayClass are reached. */
export enum GatewayExposure {
  /** By an internal network load balancer: from the VPC and what is connected to it. */
  INTERNAL_LOAD_BALANCER = 'INTERNAL_LOAD_BALANCER',
  /** By a Service of type ClusterIP: from inside of the cluster only. It costs nothing. */
  CLUSTER_IP = 'CLUSTER_IP',
}
