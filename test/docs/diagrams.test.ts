import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

test('the pictures of the README are what their source draws', () => {
  // Graphviz ships as an ES module with WebAssembly, so it is asked in a process of its own
  const output = execFileSync(process.execPath, ['--import', 'tsx', 'docs/diagrams/render.ts', '--check'], { cwd: ROOT, encoding: 'utf8' });
  expect(output.trim()).toBe('2 pictures are in step');
});
