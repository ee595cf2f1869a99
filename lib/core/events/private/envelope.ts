/** A JSON Schema fragment. */
export type Schema = Record<string, unknown>;

/** Version of the envelope and of every detail. */
export const VERSION = 1;

export const TEXT: Schema = { type: 'string', minLength: 1 };
export const TIME: Schema = { type: 'string', format: 'date-time' };
export const UUID: Schema = { type: 'string', format: 'uuid' };
export const COUNT: Schema = { type: 'integer', minimum: 0 };
export const ADDRESS: Schema = { type: 'string', pattern: '^s3://' };
export const WINDOW: Schema = { type: 'object', required: ['start', 'end'], properties: { start: TIME, end: TIME } };
export const METRICS: Schema = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    required: ['value'],
    properties: { value: { type: 'number' }, lower: { type: 'number' }, upper: { type: 'number' } },
  },
};

/** What every event carries. `eventId` is a UUIDv5 of producer and natural key: the same on every retry. */
export const ENVELOPE = {
  required: ['schemaVersion', 'eventId', 'correlationId', 'subject', 'environment', 'occurredAt'],
  properties: {
    schemaVersion: { const: VERSION },
    eventId: UUID,
    correlationId: TEXT,
    causationId: UUID,
    environment: TEXT,
    occurredAt: TIME,
    /** Per subject, from the release record, where order matters. */
    sequence: COUNT,
  } as Record<string, Schema>,
};
