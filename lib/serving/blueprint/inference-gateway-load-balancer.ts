/** What stands in front of a gateway's proxies. */
export enum GatewayLoadBalancer {
  /**
   * An internal network load balancer of the construct's stack. Its address is known to the stack, `connections` says who may call,
   * and it goes with the stack. The AWS Load Balancer Controller keeps its targets.
   */
  OF_STACK = 'OF_STACK',
  /** An internal network load balancer that a controller in the cluster makes: for GitOps, YAML, and EKS Auto Mode. */
  OF_CONTROLLER = 'OF_CONTROLLER',
  /** None: callers are in the cluster. It costs nothing. */
  NONE = 'NONE',
}
