import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { DetailType, EventContract } from '../../lib';

const ajv = addFormats(new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }));
const validate = (type: DetailType, event: unknown) => {
  const check = ajv.compile(JSON.parse(EventContract.schema(type)));
  return check(event) ? [] : (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
};

const PROMOTED = {
  schemaVersion: 1,
  eventId: '5df41881-3aed-5515-88a7-2f4a814cf09e',
  correlationId: 'run-7',
  subject: { kind: 'model', name: 'fraud' },
  environment: 'prod',
  occurredAt: '2026-11-21T10:00:00Z',
  sequence: 12,
  fromVersion: '3',
  toVersion: '4',
};

describe('the event contract', () => {
  test('has a schema that a JSON Schema validator compiles for every detail type', () => {
    expect(EventContract.detailTypes()).toHaveLength(18);
    for (const type of EventContract.detailTypes()) {
      expect(() => ajv.compile(JSON.parse(EventContract.schema(type)))).not.toThrow();
      expect(EventContract.source(type)).toMatch(/^ml-platform\.(data|monitoring|lifecycle)$/);
    }
  });

  test('accepts an event that is complete, also with properties of a later version', () => {
    expect(validate(DetailType.MODEL_PROMOTED, PROMOTED)).toEqual([]);
    expect(validate(DetailType.MODEL_PROMOTED, { ...PROMOTED, fromVersion: null, later: true })).toEqual([]);
  });

  test.each([
    ['without its sequence', { ...PROMOTED, sequence: undefined }, " must have required property 'sequence'"],
    ['about a table', { ...PROMOTED, subject: { kind: 'table', name: 'x' } }, '/subject/kind must be equal to one of the allowed values'],
    ['with an eventId that is no UUID', { ...PROMOTED, eventId: '7' }, '/eventId must match format "uuid"'],
    ['of another schema version', { ...PROMOTED, schemaVersion: 2 }, '/schemaVersion must be equal to constant'],
  ])('refuses an event %s', (_case, event, message) => {
    expect(validate(DetailType.MODEL_PROMOTED, JSON.parse(JSON.stringify(event)))).toContain(message);
  });
});
