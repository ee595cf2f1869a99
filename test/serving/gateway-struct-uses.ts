import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { llmPlan, queueOf } from './autoscaling-samples';
import { MlCluster } from '../../lib/cluster';
import { Authentication, GatewayLoadBalancer, GatewayTls, InferenceGateway, Rollout, ScaleToZero } from '../../lib/serving';
import { scaledObject } from '../../lib/serving/manifests/scaled-object';
import { fakeCluster, testApp, textNetwork } from '../cluster/support';
import type { StructUse, StructUses } from '../docs/literal-faults';

/** What is made from properties, and other values that work where they cannot be guessed. */
function use<Props>(make: (given: Partial<Props>) => unknown, others?: Partial<Props>): StructUse {
  return { make: (given) => make(given as Partial<Props>), others } as StructUse;
}

const scaled = (scaleToZero?: ScaleToZero, autoscaling = {}): unknown =>
  scaledObject({ name: 'chat', namespace: 'models', target: { name: 'chat' }, plan: llmPlan({ scaleToZero, autoscaling: { maxReplicas: 9, ...autoscaling } }) });

/** What is made from each struct of gateways, rollouts and scaling that documents a literal. */
export const GATEWAY_USES: StructUses = {
  'serving.CanaryOptions': use((given) => [1, 2, 3, 4].map((step) => Rollout.canary({ step, ...given })), { steps: [1, 2, 3, 4] }),
  'serving.ShadowOptions': use((given) => Rollout.shadow(given)),
  'serving.Autoscaling': use((given) => scaled(undefined, given)),
  'serving.LlmAutoscaling': use((given) => scaled(undefined, given)),
  'serving.WakeScheduleOptions': use((given) => scaled(ScaleToZero.schedule({ start: '0 7 * * *', end: '0 9 * * *', ...given })), { timeZone: 'Europe/Berlin' }),
  'serving.WakeQueueOptions': use((given) => scaled(ScaleToZero.onQueue(queueOf(), given))),
  'serving.WakeRequestOptions': use((given) => ScaleToZero.onRequest(given)),
  'serving.InferenceGatewayProps': use((given) => {
    const stack = new Stack(testApp(), 'Stack');
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), {
      network: textNetwork(stack),
      installedAddOns: ['envoy-gateway'],
      installedApiGroups: ['gateway.networking.k8s.io', 'gateway.envoyproxy.io', 'cert-manager.io', 'elbv2.k8s.aws'],
    });
    new InferenceGateway(stack, 'Gateway', { cluster, authentication: Authentication.apiKeys({ secretNames: ['keys'] }), ...given });
    return Template.fromStack(stack).toJSON();
  }, { tls: GatewayTls.secret('certificate'), loadBalancer: GatewayLoadBalancer.NONE, routeNamespaces: ['other'] }),
};
