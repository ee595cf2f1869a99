import { DetailType, SubjectKind } from '../detail-type';
import { ADDRESS, COUNT, METRICS, Schema, TEXT, TIME, WINDOW } from './envelope';

/** What one detail type adds to the envelope. */
export interface Detail {
  /** Room that sends it. */
  readonly room: string;
  readonly subject: readonly SubjectKind[];
  readonly required: readonly string[];
  readonly properties: Record<string, Schema>;
}

const { MODEL, TABLE, MONITOR } = SubjectKind;
const REASON = { reason: TEXT };
const VERSION_CHANGE: Record<string, Schema> = { fromVersion: { type: ['string', 'null'] }, toVersion: TEXT, reason: TEXT };
const CHALLENGE: Record<string, Schema> = {
  version: TEXT, championVersion: { type: ['string', 'null'] }, challenger: METRICS, champion: METRICS, reason: TEXT, report: ADDRESS,
};
const VERDICT: Record<string, Schema> = {
  severity: { enum: ['low', 'high'] },
  modelVersion: TEXT,
  window: WINDOW,
  samples: { type: 'object', required: ['current', 'reference'], properties: { current: COUNT, reference: COUNT } },
  /** At most the top 20; the rest is in the report. */
  columns: {
    type: 'array',
    maxItems: 20,
    items: {
      type: 'object',
      required: ['name', 'verdict'],
      properties: {
        name: TEXT, verdict: { enum: ['drift', 'stable', 'insufficient'] }, method: TEXT, value: { type: 'number' }, threshold: { type: 'number' },
      },
    },
  },
  report: ADDRESS,
};

/** Every detail type: who sends it, about what, and its own properties. */
export const DETAILS: Record<DetailType, Detail> = {
  [DetailType.DATA_ARRIVED]: data(['snapshotId', 'rows', 'operation'],
    { snapshotId: TEXT, rows: COUNT, operation: { enum: ['append', 'overwrite'] }, partition: TEXT }),
  [DetailType.DATA_QUALITY_FAILED]: data(['checks'],
    { snapshotId: TEXT, checks: { type: 'array', minItems: 1, items: TEXT }, report: ADDRESS }),
  [DetailType.LABELS_MATURED]: monitoring([MODEL], ['window', 'rows'], { window: WINDOW, rows: COUNT }),
  [DetailType.DRIFT_DETECTED]: monitoring([MONITOR], ['severity', 'window', 'samples'], VERDICT),
  [DetailType.DRIFT_CLEARED]: monitoring([MONITOR], ['window'], { window: WINDOW, report: ADDRESS }),
  [DetailType.MONITOR_SILENT]: monitoring([MONITOR], ['lastSeen'], { lastSeen: { type: ['string', 'null'] } }),
  [DetailType.RETRAINING_REQUESTED]: lifecycle(['reason', 'dedupeKey'], { ...REASON, dedupeKey: TEXT }),
  [DetailType.RETRAINING_DEFERRED]: lifecycle(['reason', 'until'], { ...REASON, until: TIME }),
  [DetailType.RETRAINING_STARTED]: lifecycle(['executionArn'], { executionArn: TEXT }),
  [DetailType.RETRAINING_FAILED]: lifecycle(['reason'], { ...REASON, executionArn: TEXT }),
  [DetailType.MODEL_VALIDATED]: lifecycle(['version', 'challenger'], CHALLENGE),
  [DetailType.MODEL_REJECTED]: lifecycle(['version', 'reason'], CHALLENGE),
  [DetailType.APPROVAL_REQUESTED]: lifecycle(['version', 'expiresAt'], { version: TEXT, expiresAt: TIME, report: ADDRESS }),
  [DetailType.APPROVAL_EXPIRED]: lifecycle(['version'], { version: TEXT }),
  [DetailType.ROLLOUT_STARTED]: lifecycle(['version', 'sequence', 'split'],
    { version: TEXT, split: { type: 'object', additionalProperties: { type: 'number', minimum: 0, maximum: 100 } } }),
  [DetailType.ROLLOUT_INCONCLUSIVE]: lifecycle(['version', 'reason'], { version: TEXT, ...REASON }),
  [DetailType.MODEL_PROMOTED]: lifecycle(['fromVersion', 'toVersion', 'sequence'], VERSION_CHANGE),
  [DetailType.MODEL_ROLLED_BACK]: lifecycle(['fromVersion', 'toVersion', 'sequence', 'reason'], VERSION_CHANGE),
};

function data(required: string[], properties: Record<string, Schema>): Detail {
  return { room: 'data', subject: [TABLE], required, properties };
}

function monitoring(subject: SubjectKind[], required: string[], properties: Record<string, Schema>): Detail {
  return { room: 'monitoring', subject, required, properties };
}

function lifecycle(required: string[], properties: Record<string, Schema>): Detail {
  return { room: 'lifecycle', subject: [MODEL], required, properties };
}
