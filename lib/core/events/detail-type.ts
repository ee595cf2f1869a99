/**
 * Detail types of the platform's event bus. Rooms talk at run time through these events only, so any of them
 * can be replaced by a third party's that keeps the contract.
 */
export enum DetailType {
  /** A table got new rows by append or overwrite, never by compaction. Sent by data. */
  DATA_ARRIVED = 'Data Arrived',
  /** A table or batch broke its quality checks. Sent by data. */
  DATA_QUALITY_FAILED = 'Data Quality Failed',
  /** Ground truth for a window of predictions is complete. Sent by monitoring. */
  LABELS_MATURED = 'Labels Matured',
  /** A monitor decided that a model's data or quality has drifted. Sent by monitoring. */
  DRIFT_DETECTED = 'Drift Detected',
  /** A drift that was reported is over. Sent by monitoring. */
  DRIFT_CLEARED = 'Drift Cleared',
  /** A monitor got no data to judge. Sent by monitoring. */
  MONITOR_SILENT = 'Monitor Silent',
  /** Somebody or something asks for a training run. Sent by lifecycle. */
  RETRAINING_REQUESTED = 'Retraining Requested',
  /** A request waits: a run is going on, or the cooldown is. Sent by lifecycle. */
  RETRAINING_DEFERRED = 'Retraining Deferred',
  /** A training run began. Sent by lifecycle. */
  RETRAINING_STARTED = 'Retraining Started',
  /** A training run ended without a model. Sent by lifecycle. */
  RETRAINING_FAILED = 'Retraining Failed',
  /** A challenger passed the quality gate. Sent by lifecycle. */
  MODEL_VALIDATED = 'Model Validated',
  /** A challenger did not pass the quality gate. Sent by lifecycle. */
  MODEL_REJECTED = 'Model Rejected',
  /** A person has to decide. Sent by lifecycle. */
  APPROVAL_REQUESTED = 'Approval Requested',
  /** Nobody decided in time. Sent by lifecycle. */
  APPROVAL_EXPIRED = 'Approval Expired',
  /** A candidate gets its first traffic. Sent by lifecycle. */
  ROLLOUT_STARTED = 'Rollout Started',
  /** The longest duration passed without enough evidence. Sent by lifecycle. */
  ROLLOUT_INCONCLUSIVE = 'Rollout Inconclusive',
  /** The release record names a new champion. Sent by lifecycle. */
  MODEL_PROMOTED = 'Model Promoted',
  /** The release record went back to the previous champion. Sent by lifecycle. */
  MODEL_ROLLED_BACK = 'Model Rolled Back',
}

/** What an event is about. */
export enum SubjectKind {
  /** A model of the registry, by its name there. */
  MODEL = 'model',
  /** A table of the lake, as `database.table`. */
  TABLE = 'table',
  /** A service that answers with a model, or a pipeline. */
  SERVICE = 'service',
  /** A monitor of data or of a model's quality. */
  MONITOR = 'monitor',
}
