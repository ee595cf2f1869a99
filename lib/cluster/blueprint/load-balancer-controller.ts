import { imageNamed } from './image-address';

/** Chart, release and ServiceAccount. Runbooks and AWS's documentation look for it in `kube-system`. */
export const LOAD_BALANCER_CONTROLLER = { name: 'aws-load-balancer-controller', namespace: 'kube-system' } as const;

/** Custom resources that the chart defines. */
export const LOAD_BALANCER_CONTROLLER_KINDS = [
  'aga.k8s.aws/GlobalAccelerator',
  'elbv2.k8s.aws/ALBTargetControlConfig', 'elbv2.k8s.aws/IngressClassParams', 'elbv2.k8s.aws/TargetGroupBinding',
  'gateway.k8s.aws/ListenerRuleConfiguration', 'gateway.k8s.aws/LoadBalancerConfiguration', 'gateway.k8s.aws/TargetGroupConfiguration',
];

/** What its webhooks judge, and refuse while it does not answer. */
export const LOAD_BALANCER_CONTROLLER_GUARDS = [
  '/Service', 'networking.k8s.io/Ingress', 'elbv2.k8s.aws/IngressClassParams', 'elbv2.k8s.aws/TargetGroupBinding',
];

/** What is decided about the controller. */
export interface LoadBalancerControllerRequest {
  readonly clusterName: string;
  readonly region: string;
  readonly vpcId: string;
  readonly replicas: number;
  readonly images: readonly string[];
  /** Whether cert-manager makes the webhook's certificate, instead of Helm at each installation. */
  readonly certManager: boolean;
}

/** Values of the chart. */
export function loadBalancerControllerValues(request: LoadBalancerControllerRequest): Record<string, unknown> {
  const { clusterName, region, vpcId, replicas, images, certManager } = request;
  const image = imageNamed(images, LOAD_BALANCER_CONTROLLER.name);
  return {
    clusterName,
    // both would otherwise be asked of the instance metadata, which pods do not reach
    region,
    vpcId,
    replicaCount: replicas,
    image: { repository: image.path, tag: image.tag },
    serviceAccount: { create: true, name: LOAD_BALANCER_CONTROLLER.name },
    // pods have addresses of the VPC: no second hop over a node's port, and it works on nodes without one
    defaultTargetType: 'ip',
    defaultLoadBalancerScheme: 'internal',
    // WAF Classic has ended, and Shield Advanced is an account's own decision: neither needs rights here
    enableWaf: false,
    enableShield: false,
    ...certManager ? { enableCertManager: true } : { keepTLSSecret: true },
    podDisruptionBudget: { maxUnavailable: 1 },
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    podSecurityContext: { fsGroup: 65534, seccompProfile: { type: 'RuntimeDefault' } },
    securityContext: { capabilities: { drop: ['ALL'] } },
  };
}
