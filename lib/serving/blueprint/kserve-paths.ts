import { InferenceProtocol } from './model-format';
import { isUnresolved } from '../../core/private/tokens';

/** Path of one model's answers, below the address of its service; the service's root for an API of its own. */
export function inferencePath(protocol: InferenceProtocol | undefined, modelName: string): string {
  const name = isUnresolved(modelName) ? modelName : encodeURIComponent(modelName);
  switch (protocol) {
    case InferenceProtocol.V1: return `/v1/models/${name}:predict`;
    case InferenceProtocol.V2: return `/v2/models/${name}/infer`;
    default: return '/';
  }
}
