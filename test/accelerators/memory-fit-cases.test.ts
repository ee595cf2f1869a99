import { CALIBRATION, compare, Comparison, HELD_OUT } from './memory-fit-cases';
import { tokenBytes } from '../../lib/accelerators/private/memory/cache-groups';

// DESIGN: the KV room within 5 % of the card's usable memory, for 90 % of the cases
const TOLERANCE_PERCENT = 5;

function hits(comparisons: Comparison[]): { measured: number; close: number; safe: number } {
  const errors = comparisons.flatMap(({ errorPercent }) => errorPercent ?? []);
  return {
    measured: errors.length,
    close: errors.filter((error) => Math.abs(error) <= TOLERANCE_PERCENT).length,
    safe: errors.filter((error) => error <= 0).length,
  };
}

describe.each([
  ['servers that the constants were chosen on', CALIBRATION],
  ['servers that were looked at only after that', HELD_OUT],
])('%s', (_name, servers) => {
  const comparisons = servers.map(compare);

  test('have the predicted room for the KV cache, within 5 % of the card\'s memory in 90 % of the cases', () => {
    const { measured, close } = hits(comparisons);

    expect(measured).toBeGreaterThanOrEqual(15);
    expect(close / measured).toBeGreaterThanOrEqual(0.9);
  });

  test('mostly have a little more than that, and never much less', () => {
    const { measured, safe } = hits(comparisons);

    expect(safe / measured).toBeGreaterThanOrEqual(0.8);
    for (const { errorPercent = 0 } of comparisons) expect(errorPercent).toBeLessThanOrEqual(TOLERANCE_PERCENT);
  });

  test('did start wherever the fit says so', () => {
    expect(comparisons.filter(({ fit, server }) => fit.fits && !server.started).map(({ server }) => server)).toEqual([]);
    expect(servers.filter(({ started }) => !started).length).toBeGreaterThanOrEqual(3);
  });

  test('have as many weights on a GPU as predicted, within 2 %', () => {
    const weighed = comparisons.filter(({ server }) => server.weightsGiB !== undefined);

    expect(weighed.length).toBeGreaterThanOrEqual(7);
    for (const { fit, server } of weighed) {
      expect(fit.weightsGiB / (server.weightsGiB ?? 0)).toBeGreaterThan(0.98);
      expect(fit.weightsGiB - (server.weightsGiB ?? 0)).toBeLessThan(Math.max(0.02 * fit.weightsGiB, 0.1));
    }
  });

  test('take the predicted bytes for each token of the KV cache', () => {
    const counted = comparisons.filter(({ server, model }) => server.kvTokens !== undefined && server.kvGiB !== undefined
      && model.attention.full === model.layers);

    expect(counted.length).toBeGreaterThanOrEqual(3);
    for (const { server, model } of counted) {
      const perToken = model.layers * tokenBytes(model, server.tensorParallel, 2);
      const printed = (server.kvGiB ?? 0) * 2 ** 30 / (server.kvTokens ?? 1);
      // both are printed with a few digits only
      expect(perToken / printed).toBeGreaterThan(0.985);
      expect(perToken / printed).toBeLessThan(1.015);
    }
  });
});

test('each set has the sources of its cases, and none is in both', () => {
  const key = ({ server }: Comparison) => [server.model, server.gpu, server.tensorParallel, server.version, server.utilization].join(' ');
  const calibration = new Set(CALIBRATION.map(compare).map(key));

  for (const server of [...CALIBRATION, ...HELD_OUT]) expect(server.source).not.toBe('');
  expect(HELD_OUT.map(compare).map(key).filter((held) => calibration.has(held))).toEqual([]);
});
