import { resolve } from 'node:path';
import { describeDocumentation } from './documentation-suite';
import { documentationGaps, untriedStructs, wrongLiterals, type StructUses } from './literal-faults';
import { STRUCT_USES } from './struct-uses';
import * as platform from '../../lib';
import { publicApi } from '../support/public-api';

const load = (path: string): Record<string, unknown> => jest.requireActual(path);

describeDocumentation('the public API', resolve(__dirname, '../../lib/index.ts'), platform, STRUCT_USES);

describe('documentation with seeded faults', () => {
  const api = publicApi(resolve(__dirname, 'fixtures/seeded.ts'));
  const uses: StructUses = {
    SeededProps: {
      make: ({ replicas = 3, label = 'a', timeout = 10, zones = ['a'] }) => ({ replicas, label, timeout, zones }),
    },
    Gone: { make: () => ({}) },
  };

  test('is reported where a docstring or a default is missing', () => {
    expect(documentationGaps(api)).toEqual([
      'SeededEnum.SILENT has no docstring',
      'SilentProps has no docstring',
      'SilentProps.required is required and has a @default',
      'SilentProps.nothing is optional and has no @default',
      'SilentProps.empty has a @default that says nothing',
      'SilentClass has no docstring',
      'SilentClass.constructor has no docstring',
      'SilentClass.shown has no docstring',
      'SilentClass.method has no docstring',
    ]);
  });

  test('is reported where nobody tries a literal, and where what was tried is gone', () => {
    expect(untriedStructs(api, uses)).toEqual([
      'UntriedProps has a documented literal and no use in the table',
      'Gone is in the table and is no public struct',
    ]);
  });

  test('is reported where a literal is wrong, is none, or shows nowhere', () => {
    expect(wrongLiterals(api.find(({ name }) => name === 'SeededProps')!, uses.SeededProps!, load)).toEqual([
      'SeededProps.replicas @default 4: something else happens without the property',
      'SeededProps.label @default a: cannot be evaluated (nothing is called a)',
      'SeededProps.unused @default true: no other value changes what is made, so that nothing was compared',
      'SeededProps.timeout @default 11: something else happens without the property',
    ]);
  });
});
