import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { programsOf, snippetPrograms, typeErrors } from './markdown-snippets';

const ROOT = resolve(__dirname, '../..');
const SEEDED = [
  '# A page', '', '```ts', "import { network } from 'cdk-ml-platform/terraform';", "import { App, TerraformStack } from 'cdktn';",
  "const stack = new TerraformStack(new App(), 'Stack');", '```', 'More of it:', '```ts',
  "new network.MlNetwork(stack, 'Network', { zones: 3 });", '```', '```js', 'not.typescript(', '```', '',
].join('\n');

describe('TypeScript in Markdown', () => {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).sort();
  const programs = programsOf(['lib/terraform/README.md', 'lib/core/README.md', ...docs.map((name) => `docs/${name}`)]);
  const seeded = snippetPrograms('seeded.md', SEEDED);
  let errors: string[] = [];
  beforeAll(() => { errors = typeErrors([...programs, ...seeded]); }, 120_000);

  test('is read block by block, a block without an import going on with the one before', () => {
    expect(programs.length).toBeGreaterThanOrEqual(3);
    expect(seeded).toEqual([{ name: 'seeded.md:4', code: SEEDED.split('\n').map((line, index) => [3, 4, 5, 9].includes(index) ? line : '').slice(0, 10).join('\n') }]);
  });

  test('compiles in documents that the README compiler of the package does not see', () => {
    expect(errors.filter((error) => !error.startsWith('seeded.md'))).toEqual([]);
  });

  test('is reported with the line of the document where it is wrong', () => {
    expect(errors.filter((error) => error.startsWith('seeded.md'))).toEqual([expect.stringMatching(/^seeded\.md:10 TS2353: .*'zones' does not exist in type 'MlNetworkProps'/)]);
  });
});
