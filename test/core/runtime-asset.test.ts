import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { runtimeAsset, runtimeDirectory } from '../../lib/core/private/runtime-asset';
import { RUNTIME_USER_AND_GROUP } from '../../lib/core/private/runtime-user';

describe('the runtime image', () => {
  test('is built from the folder that holds the Python package', () => {
    const asset = runtimeAsset('serving');
    expect(existsSync(join(asset.directory, 'pyproject.toml'))).toBe(true);
    expect(asset.target).toBe('serving');
  });

  test('runs as the user that containers of it are given', () => {
    const text = readFileSync(join(runtimeAsset('serving').directory, 'Dockerfile'), 'utf8');
    expect(/^FROM \S+ AS base\n(?:.*\n)*?USER (.+)$/m.exec(text)?.[1]).toBe(RUNTIME_USER_AND_GROUP);
  });

  describe('in an installed package', () => {
    let root: string;
    beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'runtime-asset-')); });
    afterEach(() => rmSync(root, { recursive: true }));

    test('is found from build/ as well as from lib/', () => {
      writeFileSync(join(root, 'package.json'), '{}');
      for (const folder of ['lib/runtime', 'lib/core/private', 'build/core/private']) mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(join(root, 'lib/runtime/pyproject.toml'), '');
      expect(runtimeDirectory(join(root, 'build/core/private'))).toBe(join(root, 'lib/runtime'));
      expect(runtimeDirectory(join(root, 'lib/core/private'))).toBe(join(root, 'lib/runtime'));
    });

    test('is missed by name', () => {
      writeFileSync(join(root, 'package.json'), '{}');
      expect(() => runtimeDirectory(root)).toThrow(
        `ValidationError at runtime image [missing-runtime]: the sources of the runtime image are not at '${join(root, 'lib/runtime')}'; `
        + 'install the package again, or give an image of your own');
    });
  });
});
