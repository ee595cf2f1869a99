import { documentationGaps, untriedStructs, wrongLiterals, type StructUses } from './literal-faults';
import { publicApi, runtimeNames } from '../support/public-api';

/** What has to hold of the documentation of every entry point. */
export function describeDocumentation(title: string, entryPoint: string, platform: object, uses: StructUses): void {
  describe(title, () => {
    const api = publicApi(entryPoint);

    test('is read from the sources as it is at run time', () => {
      const values = api.filter(({ kind }) => kind === 'class' || kind === 'enum').map(({ name }) => name).sort();
      expect(values).toEqual(runtimeNames(platform).sort());
    });

    test('is documented, and so is what happens without each optional property', () => {
      expect(documentationGaps(api)).toEqual([]);
    });

    test('has every struct with a documented literal tried', () => {
      expect(untriedStructs(api, uses)).toEqual([]);
    });

    test.each(Object.keys(uses))('%s does without a property what its documented default says', (name) => {
      const struct = api.find((symbol) => symbol.name === name)!;
      expect(wrongLiterals(struct, uses[name]!, (path) => jest.requireActual(path))).toEqual([]);
    });
  });
}
