import type { ApiObjectProps } from 'cdk8s';
import { containerProgram } from './inference-service-pod';
import type { KServeModelBlueprint } from '../blueprint/kserve-model';

/**
 * The server of one model, with its image pinned: a runtime of the namespace, which KServe prefers to its own. Undefined where the
 * container is the user's or the runtime exists.
 * https://kserve.github.io/website/docs/concepts/resources/servingruntime
 */
export function servingRuntime(service: KServeModelBlueprint): ApiObjectProps | undefined {
  const { name, namespace, labels, server, container } = service;
  if (server.format === undefined || server.existingRuntime !== undefined) return undefined;
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    // no annotation of a server type: KServe would put `-gpu` after the tag, which we chose
    metadata: { name: runtimeName(service), namespace, labels: { ...labels, 'ml-platform/service': name } },
    spec: {
      supportedModelFormats: [{ name: server.format, autoSelect: false }],
      protocolVersions: [...server.protocols, ...server.grpcProtocol === undefined ? [] : [`grpc-${server.grpcProtocol}`]],
      multiModel: false,
      containers: [{ name: 'kserve-container', ...containerProgram(container) }],
    },
  };
}

/** Name of the runtime that an InferenceService asks for. */
export function runtimeName({ name, server }: KServeModelBlueprint): string {
  return server.existingRuntime ?? name;
}
