import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cfnLint, type CfnLint } from './cfn-lint';

/** Finds one fault in every file, and writes down which files it was given. */
const PROGRAM = `
const { appendFileSync } = require('node:fs');
const files = process.argv.slice(process.argv.indexOf('--') + 1);
appendFileSync(__dirname + '/read', files.map((file) => file + '\\n').join(''));
console.log(JSON.stringify(files.map((Filename) => ({ Filename, Message: 'no', Rule: { Id: 'E1' }, Location: { Path: ['Resources', 0] } }))));
process.exitCode = 2;
`;

describe('what was linted before', () => {
  let folder: string;
  let linter: CfnLint;
  const environment = { ...process.env };
  const template = (name: string): string => join(folder, `${name}.template.json`);
  const write = (name: string, text: string): void => writeFileSync(template(name), text);
  /** The names of the templates that the program was given since the last call. */
  const read = (): string[] => {
    const names = readFileSync(join(folder, 'read'), 'utf8').split('\n').filter(Boolean).map((path) => path.slice(folder.length + 1, -'.template.json'.length));
    writeFileSync(join(folder, 'read'), '');
    return names;
  };
  const both = [{ rule: 'E1', where: 'one.template.json Resources/0', message: 'no' }, { rule: 'E1', where: 'two.template.json Resources/0', message: 'no' }];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cfn-lint-'));
    Object.assign(process.env, { ML_PLATFORM_CACHE: join(folder, 'cache'), CI: '' });
    writeFileSync(join(folder, 'read'), '');
    writeFileSync(join(folder, 'program.js'), PROGRAM);
    linter = { command: [process.execPath, join(folder, 'program.js')], version: 'cfn-lint 1' };
    write('one', '1');
    write('two', '2');
  });
  afterEach(() => {
    for (const name of ['ML_PLATFORM_CACHE', 'CI']) delete process.env[name];
    Object.assign(process.env, environment);
    rmSync(folder, { recursive: true, force: true });
  });

  test('is not read again, and its findings stay', () => {
    for (const expected of [['one', 'two'], []]) {
      expect(cfnLint(linter, [template('one'), template('two')], 'all')).toEqual(both);
      expect(read()).toEqual(expected);
    }
  });

  test.each<[string, () => void, string[]]>([
    ['in another text', () => write('two', '3'), ['two']],
    ['by another version', () => { linter = { ...linter, version: 'cfn-lint 2' }; }, ['one', 'two']],
    ['in CI', () => { process.env.CI = 'true'; }, ['one', 'two']],
    ['with a damaged memory', () => writeFileSync(join(folder, 'cache/cfn-lint/all.json'), '{"tem'), ['one', 'two']],
  ])('is read again %s', (_, change, expected) => {
    cfnLint(linter, [template('one'), template('two')], 'all');
    read();
    change();
    expect(cfnLint(linter, [template('one'), template('two')], 'all')).toEqual(both);
    expect(read()).toEqual(expected);
  });

  test('is read each time by who asks for no memory', () => {
    for (let time = 0; time < 2; time++) {
      expect(cfnLint(linter, [template('one')])).toEqual(both.slice(0, 1));
      expect(read()).toEqual(['one']);
    }
  });
});
