import type { ApiObjectMetadata, ApiObjectProps } from 'cdk8s';

/** A value of Secrets Manager, by the name that it has in Kubernetes. */
export interface ExternalValue {
  readonly name: string;
  /** ARN or name of the secret. */
  readonly secret: string;
  /** Field of a secret that is a JSON object; undefined: the whole text. */
  readonly field?: string;
}

/** Values of a store and what becomes of them. */
export interface ExternalValues {
  /** Name of the ClusterSecretStore. */
  readonly store: string;
  readonly values: readonly ExternalValue[];
  /** What the Secret holds instead of the values themselves: Go templates by key. */
  readonly template?: { readonly [key: string]: string };
}

/** A Secret of the same name that External Secrets keeps up to date, once an hour. https://external-secrets.io/latest/api/externalsecret/ */
export function externalSecret(metadata: ApiObjectMetadata, { store, values, template }: ExternalValues): ApiObjectProps {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata,
    spec: {
      refreshInterval: '1h0m0s',
      secretStoreRef: { kind: 'ClusterSecretStore', name: store },
      target: { name: metadata.name, creationPolicy: 'Owner', ...template && { template: { engineVersion: 'v2', data: template } } },
      data: values.map(({ name, secret, field }) => ({
        secretKey: name, remoteRef: { key: secret, ...field === undefined ? {} : { property: field } },
      })),
    },
  };
}
