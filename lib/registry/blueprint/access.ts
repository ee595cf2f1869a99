/** What somebody may do with models. */
export enum Access {
  /** Read release records, their history, and artifacts. */
  READ = 'read',
  /** Write artifacts of new versions; never the release record. */
  REGISTER = 'register',
  /** Move production: write the release record. For the lifecycle role only. */
  PROMOTE = 'promote',
  /** What a model server needs: the current record and the artifacts. */
  SERVE = 'serve',
}

/** What access is asked for. ARNs may be known only at deploy time. */
export interface AccessTarget {
  readonly releaseTableArn: string;
  readonly artifactBucketArn: string;
  /** Prefix of the artifacts in the bucket, without slashes at its ends. */
  readonly artifactPrefix: string;
  /** Name of the one model. Default: every model. */
  readonly modelName?: string;
  /** The managed MLflow, whose API asks for rights in IAM. Default: none. */
  readonly managedMlflow?: { readonly arn: string; readonly app: boolean };
}

/** What a statement is about. */
export type StatementSubject = 'releaseTable' | 'artifactBucket' | 'managedMlflow';

/** One statement of an IAM policy. */
export interface StatementBlueprint {
  readonly subject: StatementSubject;
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: Record<string, Record<string, string[]>>;
}

const RECORD_ACTIONS: Record<Access, string[]> = {
  [Access.READ]: ['dynamodb:GetItem', 'dynamodb:Query'],
  [Access.REGISTER]: [],
  [Access.PROMOTE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
  [Access.SERVE]: ['dynamodb:GetItem'],
};

const OBJECT_ACTIONS: Record<Access, string[]> = {
  [Access.READ]: ['s3:GetObject'],
  [Access.REGISTER]: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
  [Access.PROMOTE]: [],
  [Access.SERVE]: ['s3:GetObject'],
};

/** Rights of an MLflow tracking server. https://docs.aws.amazon.com/service-authorization/latest/reference/list_sagemaker-mlflow.html */
const SERVER_READ = [
  'GetDownloadURIForModelVersionArtifacts', 'GetExperiment', 'GetExperimentByName', 'GetLatestModelVersions', 'GetLoggedModel', 'GetMetricHistory',
  'GetModelVersion', 'GetModelVersionByAlias', 'GetRegisteredModel', 'GetRun', 'GetTraceInfo', 'ListArtifacts', 'ListLoggedModelArtifacts',
  'SearchExperiments', 'SearchLoggedModels', 'SearchModelVersions', 'SearchRegisteredModels', 'SearchRuns', 'SearchTraces',
];
const SERVER_WRITE = [
  'CreateExperiment', 'CreateModelVersion', 'CreateRegisteredModel', 'CreateRun', 'EndTrace', 'FinalizeLoggedModel', 'LogBatch', 'LogInputs',
  'LogLoggedModelParams', 'LogMetric', 'LogModel', 'LogOutputs', 'LogParam', 'SetExperimentTag', 'SetLoggedModelTags', 'SetModelVersionTag',
  'SetRegisteredModelAlias', 'SetRegisteredModelTag', 'SetTag', 'SetTraceTag', 'StartTrace', 'UpdateModelVersion', 'UpdateRegisteredModel', 'UpdateRun',
];
const SERVER_ACTIONS: Record<Access, string[]> = {
  [Access.READ]: SERVER_READ,
  [Access.REGISTER]: [...SERVER_READ, ...SERVER_WRITE],
  // where a version lies, and the mirror of the record
  [Access.PROMOTE]: ['GetLoggedModel', 'GetModelVersion', 'GetDownloadURIForModelVersionArtifacts', 'GetRun', 'SetRegisteredModelAlias'],
  [Access.SERVE]: [],
};

/**
 * The least that an access needs. Where a model is named, the record's rights end at its partition key
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
 *
 * Nobody may delete a record or an artifact. MLflow stores artifacts by experiment, not by model, so the artifact rights
 * cover the whole prefix.
 */
export function accessStatements(access: Access, target: AccessTarget): StatementBlueprint[] {
  return [...recordStatements(access, target), ...artifactStatements(access, target), ...serverStatements(access, target)];
}

/** True if the access writes artifacts, so that a key of the bucket has to allow encryption too. */
export function writesArtifacts(access: Access): boolean {
  return OBJECT_ACTIONS[access].includes('s3:PutObject');
}

/** True if the access reads or writes release records. */
export function usesRecord(access: Access): boolean {
  return RECORD_ACTIONS[access].length > 0;
}

/** True if the access reads artifacts. */
export function readsArtifacts(access: Access): boolean {
  return OBJECT_ACTIONS[access].includes('s3:GetObject');
}

function serverStatements(access: Access, { managedMlflow }: AccessTarget): StatementBlueprint[] {
  if (!managedMlflow || SERVER_ACTIONS[access].length === 0) return [];
  const actions = managedMlflow.app ? ['sagemaker:CallMlflowAppApi'] : SERVER_ACTIONS[access].map((action) => `sagemaker-mlflow:${action}`);
  return [{ subject: 'managedMlflow', actions, resources: [managedMlflow.arn] }];
}

function recordStatements(access: Access, { releaseTableArn, modelName }: AccessTarget): StatementBlueprint[] {
  const actions = RECORD_ACTIONS[access];
  if (actions.length === 0) return [];
  const conditions = modelName === undefined ? {} : { conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [modelName] } } };
  return [{ subject: 'releaseTable', actions: [...actions], resources: [releaseTableArn], ...conditions }];
}

function artifactStatements(access: Access, { artifactBucketArn, artifactPrefix }: AccessTarget): StatementBlueprint[] {
  const actions = OBJECT_ACTIONS[access];
  if (actions.length === 0) return [];
  return [
    { subject: 'artifactBucket', actions: [...actions], resources: [`${artifactBucketArn}/${artifactPrefix}/*`] },
    {
      subject: 'artifactBucket',
      actions: ['s3:ListBucket'],
      resources: [artifactBucketArn],
      conditions: { StringLike: { 's3:prefix': [artifactPrefix, `${artifactPrefix}/*`] } },
    },
  ];
}
