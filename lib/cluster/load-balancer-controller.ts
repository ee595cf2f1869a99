import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { ControlledResource } from './blueprint/controlled-resource';
import { loadBalancerAccess } from './blueprint/load-balancer-access';
import {
  LOAD_BALANCER_CONTROLLER, LOAD_BALANCER_CONTROLLER_GUARDS, LOAD_BALANCER_CONTROLLER_KINDS, loadBalancerControllerValues,
} from './blueprint/load-balancer-controller';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { WorkloadIdentity } from './workload-identity';
import { Faults } from '../core/private/faults';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';

/** Properties of the AWS Load Balancer Controller. */
export interface LoadBalancerControllerProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies run. One works, the others answer its webhook, without which no Service can be made.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/**
 * The AWS Load Balancer Controller: load balancers for Services and Ingresses, internal unless an object asks otherwise.
 *
 * Whatever makes Services waits until it answers, and when stacks are deleted its load balancers go before it. On Auto Mode,
 * which makes load balancers itself, leave it out. In yaml and gitOps delivery it takes its certificate from cert-manager, and
 * `values` has to hold literals for `clusterName`, `region` and `vpcId`.
 *
 * Fails with `invalid-replicas`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://kubernetes-sigs.github.io/aws-load-balancer-controller/
 */
export class LoadBalancerController extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;
  /** The controller's AWS rights: upstream's, held to this cluster and its VPC. */
  readonly identity: WorkloadIdentity;

  constructor(scope: Construct, id: string, props: LoadBalancerControllerProps) {
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas);
    faults.throwIfAny();
    super(scope, id);
    const { cluster } = props;
    // Helm makes a new certificate at each rendering, and Argo CD renders again and again
    const certManager = cluster.delivery.type !== 'helm';
    const images = chartImages(cluster, LOAD_BALANCER_CONTROLLER.name);
    this.identity = this.makeIdentity(cluster);
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: LOAD_BALANCER_CONTROLLER.name,
      namespace: LOAD_BALANCER_CONTROLLER.namespace,
      values: loadBalancerControllerValues({
        clusterName: cluster.clusterName, region: Stack.of(cluster).region, vpcId: cluster.network.vpc.vpcId,
        replicas: props.replicas ?? 2, images, certManager,
      }),
      overrides: props.values,
      images,
      identities: [this.identity],
      relations: {
        defines: LOAD_BALANCER_CONTROLLER_KINDS,
        guards: LOAD_BALANCER_CONTROLLER_GUARDS,
        requires: certManager ? [AddOnRequirement.customResource('cert-manager.io/Certificate')] : [],
        controls: [ControlledResource.LOAD_BALANCERS],
      },
    });
  }

  private makeIdentity(cluster: IMlCluster): WorkloadIdentity {
    const { name, namespace } = LOAD_BALANCER_CONTROLLER;
    const identity = new WorkloadIdentity(this, 'Identity', {
      cluster, namespace, serviceAccountName: name, createServiceAccount: false,
    });
    const { partition, region, account } = Stack.of(cluster);
    const statements = loadBalancerAccess({ partition, region, account, vpcId: cluster.network.vpc.vpcId, clusterName: cluster.clusterName });
    for (const { actions, resources, conditions } of statements) {
      identity.role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    }
    acknowledgeWildcards(identity.role, statements.flatMap(({ resources }) => resources),
      'the controller looks at what has no resource in IAM, and makes what has no name yet: the tag of the cluster or its VPC is the limit');
    return identity;
  }
}
