import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';

/** A store of AWS Secrets Manager for the whole cluster. */
export interface SecretStore {
  readonly name: string;
  readonly region: string;
  /** Namespaces that may read it; undefined: all. */
  readonly namespaces?: readonly string[];
}

/** The store; the operator reads it with its own rights. https://external-secrets.io/latest/provider/aws-secrets-manager/ */
export function secretStoreChart({ name, region, namespaces }: SecretStore): Chart {
  const chart = emptyChart('secret-store');
  new ApiObject(chart, 'Store', {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: { name },
    spec: { ...namespaces === undefined ? {} : { conditions: [{ namespaces }] }, provider: { aws: { service: 'SecretsManager', region } } },
  });
  return chart;
}
