import { imageNamed } from './image-address';

/** Namespace and ServiceAccount of the operator, and name of the platform's store. */
export const EXTERNAL_SECRETS = { namespace: 'external-secrets', serviceAccount: 'external-secrets', storeName: 'aws-secrets-manager' } as const;

const GENERATORS = [
  'ACRAccessToken', 'BeyondtrustWorkloadCredentialsDynamicSecret', 'CloudsmithAccessToken', 'ClusterGenerator', 'ECRAuthorizationToken', 'Fake',
  'GCRAccessToken', 'GeneratorState', 'GithubAccessToken', 'GitlabDeployToken', 'Grafana', 'MFA', 'Password', 'QuayAccessToken', 'SSHKey',
  'STSSessionToken', 'UUID', 'VaultDynamicSecret', 'Webhook',
];

/** Custom resources that the chart defines. */
export const EXTERNAL_SECRETS_KINDS = [
  ...['ClusterExternalSecret', 'ClusterPushSecret', 'ClusterSecretStore', 'ExternalSecret', 'PushSecret', 'SecretStore']
    .map((kind) => `external-secrets.io/${kind}`),
  ...GENERATORS.map((kind) => `generators.external-secrets.io/${kind}`),
];

/** What its webhook judges, and refuses while it does not answer. */
export const EXTERNAL_SECRETS_GUARDS = ['ClusterSecretStore', 'ExternalSecret', 'SecretStore'].map((kind) => `external-secrets.io/${kind}`);

/** What is decided about the operator. */
export interface ExternalSecretsRequest {
  readonly replicas: number;
  readonly images: readonly string[];
}

/** Values of the chart. The pods meet Pod Security "restricted" by the chart's own defaults. */
export function externalSecretsValues({ replicas, images }: ExternalSecretsRequest): Record<string, unknown> {
  const { path, tag } = imageNamed(images, 'external-secrets');
  const image = { repository: path, tag };
  return {
    installCRDs: true,
    replicaCount: replicas,
    leaderElect: replicas > 1,
    image,
    serviceAccount: { name: EXTERNAL_SECRETS.serviceAccount },
    webhook: { image, replicaCount: replicas },
    certController: { image },
    serviceMonitor: { enabled: true },
  };
}
