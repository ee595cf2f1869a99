import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../../docs/memory-fit/render';
import { AcceleratedInstance, LlmModel, MemoryFit } from '../../lib/accelerators';

test('the page\'s plots and tables are what the fit says: npx tsx docs/memory-fit/render.ts renews them', () => {
  const made = Object.entries(files());

  expect(made).toHaveLength(3);
  for (const [path, text] of made) expect(readFileSync(path, 'utf8') === text).toBe(true);
});

test('the page\'s example says what the fit says', () => {
  const fit = MemoryFit.of({
    model: LlmModel.of('meta-llama/Llama-3.1-8B-Instruct'),
    instance: AcceleratedInstance.of('g6e.xlarge'),
    contextLength: 16_384,
    concurrency: 8,
  });

  expect(fit.fits).toBe(true);
  expect(readFileSync(join(__dirname, '../../docs/memory-fit.md'), 'utf8')).toContain(`fit.summary;    // ${fit.summary}\n`);
});
