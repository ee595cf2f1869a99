import { resolve } from 'node:path';
import { documentationGaps, untriedStructs, wrongLiterals } from './literal-faults';
import { TERRAFORM_STRUCT_USES } from './terraform-struct-uses';
import * as platform from '../../lib/terraform';
import { publicApi, runtimeNames } from '../support/public-api';

describe('the public API for Terraform', () => {
  const api = publicApi(resolve(__dirname, '../../lib/terraform/index.ts'));

  test('is read from the sources as it is at run time', () => {
    const values = api.filter(({ kind }) => kind === 'class' || kind === 'enum').map(({ name }) => name).sort();
    expect(values).toEqual(runtimeNames(platform).sort());
  });

  test('is documented, and so is what happens without each optional property', () => {
    expect(documentationGaps(api)).toEqual([]);
  });

  test('has every struct with a documented literal tried', () => {
    expect(untriedStructs(api, TERRAFORM_STRUCT_USES)).toEqual([]);
  });

  test.each(Object.keys(TERRAFORM_STRUCT_USES))('%s does without a property what its documented default says', (name) => {
    const struct = api.find((symbol) => symbol.name === name)!;
    expect(wrongLiterals(struct, TERRAFORM_STRUCT_USES[name]!, (path) => jest.requireActual(path))).toEqual([]);
  });
});
