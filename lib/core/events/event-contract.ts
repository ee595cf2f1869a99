import { DetailType } from './detail-type';
import { DETAILS } from './private/details';
import { ENVELOPE, VERSION } from './private/envelope';

/**
 * The contract of the platform's events: bus, sources and a JSON Schema (draft 2020-12) for each detail type.
 *
 * Additive changes keep the schema version. A breaking change is a new detail type, sent in parallel.
 */
export class EventContract {
  /** Default name of the event bus. */
  static readonly BUS_NAME = 'ml-platform';
  /** Version that every event of this release carries in `schemaVersion`. */
  static readonly SCHEMA_VERSION = VERSION;
  /** Largest detail in bytes that a producer may send; more goes to S3 and is sent as a reference. */
  static readonly MAX_DETAIL_BYTES = 200 * 1024;

  /** Every detail type of the contract. */
  static detailTypes(): DetailType[] {
    return Object.values(DetailType);
  }

  /**
   * The event source that sends a detail type, for example `ml-platform.data`.
   *
   * @param detailType the detail type
   */
  static source(detailType: DetailType): string {
    return `ml-platform.${DETAILS[detailType].room}`;
  }

  /**
   * The JSON Schema of an event's detail, as JSON text.
   *
   * @param detailType the detail type
   */
  static schema(detailType: DetailType): string {
    const detail = DETAILS[detailType];
    return JSON.stringify({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: detailType,
      type: 'object',
      required: [...ENVELOPE.required, ...detail.required],
      properties: {
        ...ENVELOPE.properties,
        ...detail.properties,
        subject: subjectOf(detail.subject),
      },
    });
  }

  private constructor() {}
}

function subjectOf(kinds: readonly string[]): object {
  return {
    type: 'object',
    required: ['kind', 'name'],
    properties: { kind: { enum: kinds }, name: { type: 'string', minLength: 1 } },
  };
}
