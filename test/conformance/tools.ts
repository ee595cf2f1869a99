import { findTool, provideTool } from '../../lib/local/toolchain/tool';

/**
 * A block of tests that needs programs. Where `CI` is true the programs are made if need be and their absence is a failure;
 * elsewhere a machine without them prints one line saying what did not run, and the tests count as skipped.
 */
export function describeWithTools(title: string, names: readonly string[], body: () => void): void {
  if (process.env.CI === 'true') {
    describe(title, () => {
      beforeAll(async () => {
        for (const name of names) {
          const found = await provideTool(name);
          if (!found.available) throw new Error(found.reason);
        }
      }, 30 * 60_000);
      body();
    });
    return;
  }
  const reasons = names.map(findTool).flatMap(found => found.available ? [] : [found.reason]);
  if (reasons.length > 0) process.stderr.write(`not run: ${title} (${reasons.join('; ')})\n`);
  (reasons.length > 0 ? describe.skip : describe)(title, body);
}
