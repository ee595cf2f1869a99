import { renderYaml, type YamlMap } from './feature-store-yaml';
import { BUILT_IN_NAMESPACES } from '../../cluster/blueprint/namespaces';
import { checkInteger, checkLiteral, checkNumber, checkText, checkUnique, DNS_LABEL, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What a user may say about a server on a cluster. */
export interface ClusterServerInput {
  /** Name of the project in Feast. */
  readonly project: string;
  readonly serverName?: string;
  readonly namespaceName?: string;
  readonly replicas?: number;
  readonly vcpus?: number;
  readonly memoryMiB?: number;
  readonly callers?: readonly string[];
  readonly metricsNamespace?: string;
  /** Type of the online store as Feast writes it. */
  readonly onlineType: string;
}

/** A server on a cluster, as data. */
export interface ClusterServerBlueprint {
  readonly name: string;
  readonly namespace: string;
  readonly project: string;
  readonly replicas: number;
  readonly resources: { readonly requests: Readonly<Record<string, string>>; readonly limits: Readonly<Record<string, string>> };
  readonly callers: readonly string[];
  readonly metricsNamespace?: string;
  /** Name that the operator gives to Deployment and ServiceAccount. */
  readonly operatorName: string;
  /** Name that the operator gives to the Service. */
  readonly serviceName: string;
  readonly url: string;
}

/** What the server has to know of its store. */
export interface ClusterStore {
  readonly registry: YamlMap;
  readonly online: YamlMap;
  readonly environment: { readonly [name: string]: string };
  readonly secrets: readonly ClusterSecret[];
  /** Of the registry and of the online store, where that is a database or a cache. */
  readonly ports: readonly number[];
}

/** A field of a secret in AWS as an environment variable. */
export interface ClusterSecret {
  readonly variable: string;
  /** ARN, or the name where only that is known at synthesis. */
  readonly secretId: string;
  readonly field: string;
}

/** A store's configuration as the operator takes it: the type in the FeatureStore, the block in a Secret. */
export interface StoreBlock {
  readonly type: string;
  readonly text: string;
}

/** What the operator's containers listen on. https://github.com/feast-dev/feast/blob/v0.66.0/infra/feast-operator/internal/controller/services/services_types.go */
export const OPERATOR_PORTS = { http: 6566, metrics: 8000 } as const;

/** Online stores of ours, as Feast writes them, that the operator's FeatureStore takes. */
export const OPERATOR_ONLINE_TYPES: readonly string[] = ['dynamodb', 'postgres', 'redis'];

/** The operator adds `feast-` and `-online`, and gives a CronJob the name too, which may have 52 characters. */
const SERVER_NAME: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,44}[a-z0-9])?$/,
  allowed: '1 to 46 lower-case letters, digits or hyphens, starting and ending with a letter or digit',
};

/** Decides on the server: names, sizes, address. */
export function clusterServer(faults: Faults, input: ClusterServerInput): ClusterServerBlueprint {
  const { replicas = 2, vcpus = 0.5, memoryMiB = 1024, callers = [] } = input;
  for (const property of ['serverName', 'namespaceName', 'replicas', 'vcpus'] as const) checkLiteral(faults, property, input[property]);
  checkText(faults, 'serverName', input.serverName, SERVER_NAME);
  checkText(faults, 'namespaceName', input.namespaceName, DNS_LABEL);
  faults.check(!BUILT_IN_NAMESPACES.includes(input.namespaceName ?? ''), 'namespace-exists',
    `namespaceName '${input.namespaceName}' is in every cluster already, and the server's is made for it alone; choose another name`);
  checkInteger(faults, 'replicas', replicas, { min: 1, max: 100 });
  checkNumber(faults, 'vcpus', vcpus, { min: 0.1, max: 64 });
  checkInteger(faults, 'memory', memoryMiB, { min: 512, max: 65_536, unit: 'MiB' });
  callers.forEach((caller, index) => checkText(faults, `callers[${index}]`, caller, DNS_LABEL));
  checkUnique(faults, 'callers', callers);
  faults.check(OPERATOR_ONLINE_TYPES.includes(input.onlineType), 'online-store-not-in-operator',
    `the store's online store '${input.onlineType}' is none of the operator's (${OPERATOR_ONLINE_TYPES.join(', ')}); use one of those, or a FeatureServer on Fargate`);
  const name = input.serverName ?? nameOf(input.project);
  const namespace = input.namespaceName ?? `feast-${name}`;
  const operatorName = `feast-${name}`;
  const memory = `${memoryMiB}Mi`;
  return {
    name,
    namespace,
    project: input.project,
    replicas,
    resources: { requests: { cpu: `${Math.round(vcpus * 1000)}m`, memory }, limits: { memory } },
    callers: [...callers],
    metricsNamespace: input.metricsNamespace,
    operatorName,
    serviceName: `${operatorName}-online`,
    url: `http://${operatorName}-online.${namespace}.svc.cluster.local`,
  };
}

/** A block of `feature_store.yaml` as the operator's Secret holds it. The operator says the type itself. */
export function storeBlock(yaml: YamlMap): StoreBlock {
  const { type, registry_type: registryType, ...rest } = yaml;
  return { type: String(type ?? registryType), text: renderYaml(rest) };
}

/**
 * The registry for a server on a cluster. The address is put together by Feast itself from the environment: the operator copies the block into
 * the pod, so nothing secret may stand in it.
 */
export function clusterRegistry(registry: YamlMap): YamlMap {
  const address = '$ML_DATABASE_USER:$ML_DATABASE_PASSWORD@$ML_DATABASE_HOST:$ML_DATABASE_PORT/$ML_DATABASE_NAME';
  return { ...registry, path: `postgresql+psycopg://${address}?sslmode=require&connect_timeout=10` };
}

/**
 * How a value of a secret gets into the environment: Feast puts it into the YAML before it reads that, and the operator takes our quotation
 * marks away. So a value that stands alone brings its own, and one in the registry's address is escaped as addresses are.
 *
 * @see https://external-secrets.io/latest/guides/templating/
 */
export function secretTemplate({ variable }: ClusterSecret, { registry, online }: Pick<ClusterStore, 'registry' | 'online'>): string {
  if (String(registry.path).includes(`$${variable}`)) return `{{ .${variable} | urlquery | replace "+" "%20" }}`;
  return Object.values(online).includes(`$${variable}`) ? `{{ .${variable} | toJson }}` : `{{ .${variable} }}`;
}

function nameOf(project: string): string {
  return project.replace(/_/g, '-').slice(0, 46).replace(/-+$/, '');
}
