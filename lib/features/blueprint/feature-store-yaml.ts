/** A value of `feature_store.yaml`. Numbers and texts may be known only at deploy time. */
export type YamlValue = string | number | boolean | YamlMap;

/** A block of `feature_store.yaml`; its keys are Feast's. */
export interface YamlMap {
  readonly [key: string]: YamlValue;
}

/** What differs between stores. */
export interface FeatureStoreYamlInput {
  readonly project: string;
  readonly registry: YamlMap;
  readonly offlineStore: YamlMap;
  readonly onlineStore: YamlMap;
}

/**
 * The region that a task finds in its environment. Feast expands `$NAME` when it reads the file; `${NAME}` would look to CloudFormation like
 * a forgotten Fn::Sub.
 */
export const REGION = '$AWS_REGION';

/** A class of the runtime that Feast loads by its name: lib/runtime/src/ml_platform_runtime/features/iceberg_offline.py. */
export const ICEBERG_OFFLINE_STORE = 'ml_platform_runtime.features.iceberg_offline.IcebergOfflineStore';

/** Rows that are written between two looks at the clock: a run that is killed has lost at most these. */
const WRITE_BATCH = 10_000;

/**
 * `feature_store.yaml` as data.
 *
 * `pull_latest_features` is not in it: whether all rows of the interval are needed depends on the view, so the materialization decides.
 *
 * @see https://docs.feast.dev/reference/feature-repository/feature-store-yaml
 */
export function featureStoreYaml(input: FeatureStoreYamlInput): YamlMap {
  return {
    project: input.project,
    provider: 'local',
    registry: input.registry,
    offline_store: input.offlineStore,
    online_store: input.onlineStore,
    materialization: { online_write_batch_size: WRITE_BATCH },
    entity_key_serialization_version: 3,
    auth: { type: 'no_auth' },
  };
}

/**
 * A registry in PostgreSQL. Feature servers go on serving while a job materializes: without that they refuse requests.
 *
 * @see https://docs.feast.dev/reference/registries/sql
 */
export function sqlRegistry(): YamlMap {
  return {
    registry_type: 'sql',
    path: '$FEAST_REGISTRY_URL',
    cache_ttl_seconds: 60,
    serve_features_while_materializing: true,
    sqlalchemy_config_kwargs: { echo: false, pool_pre_ping: true },
  };
}

/** The data as YAML. Texts are written as JSON strings, which are YAML too and need no table of exceptions. */
export function renderYaml(value: YamlMap, indent = ''): string {
  return Object.entries(value).map(([key, entry]) => {
    if (typeof entry !== 'object') return `${indent}${key}: ${typeof entry === 'string' ? JSON.stringify(entry) : String(entry)}\n`;
    return Object.keys(entry).length === 0 ? `${indent}${key}: {}\n` : `${indent}${key}:\n${renderYaml(entry, `${indent}  `)}`;
  }).join('');
}
