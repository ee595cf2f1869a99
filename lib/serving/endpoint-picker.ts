import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { LLM_PORT } from './blueprint/llm-engine';
import { SERVICE_LABEL } from './blueprint/llm-service';
import type { IInferenceGateway } from './interfaces';
import type { LlmService } from './llm-service';
import { inferencePool } from './manifests/inference-pool';
import { inferenceRoute } from './manifests/routes';
import { AddOnRequirement } from '../cluster/blueprint/add-on-requirement';
import { mirroredImage } from '../cluster/blueprint/endpoints';
import { ManifestRelease } from '../cluster/manifest-release';
import { emptyChart } from '../cluster/manifests/basics';
import { Faults } from '../core/private/faults';

/** Properties of an endpoint picker. */
export interface EndpointPickerProps {
  /** The service whose replicas it chooses among. It has no `gateway` of its own: the picker brings the route. */
  readonly service: LlmService;
  /** Gateway that callers come through; the service answers at `<url of the gateway>/<service>/v1`. */
  readonly gateway: IInferenceGateway;
}

/**
 * Sends each request to the replica that has the beginning of its prompt cached, a short queue and room in its KV cache: the
 * Gateway API's inference extension, with an InferencePool and the endpoint picker of llm-d. It pays off from a few replicas on
 * that see the same long prompts; without the picker requests go to any replica.
 *
 * Envoy Gateway knows InferencePools through Envoy AI Gateway only: `new EnvoyGateway(..., { inferencePools: true })` installs both.
 * Without it synthesis fails with `missing-requirement`.
 *
 * Fails with `second-route` or `unsupported-multi-node`.
 *
 * @see https://gateway-api-inference-extension.sigs.k8s.io/
 * @see https://aigateway.envoyproxy.io/docs/capabilities/inference/httproute-inferencepool
 */
export class EndpointPicker extends Construct {
  /** Name of the InferencePool: the service's. */
  readonly poolName: string;
  /** Base address for OpenAI clients. */
  readonly url: string;
  /** Pool, picker and route. */
  readonly release: ManifestRelease;

  constructor(scope: Construct, id: string, props: EndpointPickerProps) {
    const { service, gateway } = props;
    const { serviceName: name, namespaceName: namespace, cluster } = service;
    const faults = Faults.of(scope, id);
    faults.check(service.gatewayUrl === undefined, 'second-route',
      `service '${name}' has a route on a gateway already, and the picker brings another for the same path; leave the service's gateway out`);
    faults.check(service.placement.nodesPerReplica === 1, 'unsupported-multi-node',
      `service '${name}' has ${service.placement.nodesPerReplica} nodes for each replica, of which only one answers; the picker chooses among pods that all do`);
    faults.throwIfAny();
    super(scope, id);
    this.poolName = name;
    this.url = `${gateway.url}/${name}/v1`;
    const image = mirroredImage(cluster.imageMirror, cluster.platformVersion.container('endpoint-picker'));
    const chart = emptyChart('endpoint-picker');
    const objects = [
      ...inferencePool({ name, namespace, selector: { [SERVICE_LABEL]: name }, port: LLM_PORT, image, proxyNamespace: gateway.proxyNamespace }),
      inferenceRoute({
        name, namespace, gateway: { name: gateway.gatewayName, namespace: gateway.namespace }, pathPrefix: `/${name}`, rewriteTo: '/',
        stable: { service: name, port: LLM_PORT, isInferencePool: true },
      }),
    ];
    objects.forEach((object, index) => new ApiObject(chart, `Object${index}`, object));
    this.release = new ManifestRelease(this, 'Objects', { cluster, namespace, chart, requires: [AddOnRequirement.addOn('envoy-ai-gateway')] });
  }
}
