import type { Comparison } from '../../test/accelerators/memory-fit-cases';

export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly band: string;
  readonly calibration: string;
  readonly heldOut: string;
}

export const THEMES: Record<string, Theme> = {
  light: { text: '#1f2328', muted: '#59636e', grid: '#d1d9e0', band: '#f0f3f6', calibration: '#59636e', heldOut: '#0550ae' },
  dark: { text: '#e6edf3', muted: '#9198a1', grid: '#3d444d', band: '#1c232c', calibration: '#9198a1', heldOut: '#79c0ff' },
};

/** Difference that counts as close, in percent of the card's usable memory. */
export const TOLERANCE = 5;

const PLOT = { left: 62, top: 18, size: 500 };
const LEAST = -10;
const MOST = 90;
const TICKS = [0, 20, 40, 60, 80];

const x = (percent: number): number => round(PLOT.left + ((percent - LEAST) / (MOST - LEAST)) * PLOT.size);
const y = (percent: number): number => round(PLOT.top + ((MOST - percent) / (MOST - LEAST)) * PLOT.size);
const round = (value: number): number => Math.round(value * 10) / 10;

/** Predicted against measured room for the KV cache, each in percent of the card's usable memory, so that cards compare. */
export function plot(theme: Theme, calibration: readonly Comparison[], heldOut: readonly Comparison[]): string {
  const width = PLOT.left + PLOT.size + 18;
  const height = PLOT.top + PLOT.size + 54;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" `
    + `font-family="Helvetica, Arial, sans-serif" font-size="12" fill="${theme.text}">
<title>Room for the KV cache: predicted against measured</title>
<clipPath id="inside"><rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.size}" height="${PLOT.size}"/></clipPath>
${frame(theme)}
${calibration.map((server) => mark(server, theme.calibration, 'none')).join('\n')}
${heldOut.map((server) => mark(server, theme.heldOut, theme.heldOut)).join('\n')}
${names([...calibration, ...heldOut])}
${legend(theme)}
</svg>
`;
}

function frame(theme: Theme): string {
  const [low, high] = [LEAST, MOST];
  const band = [[low, low - TOLERANCE], [high, high - TOLERANCE], [high, high + TOLERANCE], [low, low + TOLERANCE]];
  return [
    `<polygon clip-path="url(#inside)" fill="${theme.band}" points="${band.map(([a = 0, b = 0]) => `${x(a)},${y(b)}`).join(' ')}"/>`,
    ...TICKS.map((tick) => `<path d="M${x(tick)} ${y(low)}V${y(high)}M${x(low)} ${y(tick)}H${x(high)}" stroke="${theme.grid}" stroke-width="0.7"/>`
      + `<text x="${x(tick)}" y="${y(low) + 18}" text-anchor="middle" fill="${theme.muted}">${tick} %</text>`
      + `<text x="${x(low) - 8}" y="${y(tick) + 4}" text-anchor="end" fill="${theme.muted}">${tick} %</text>`),
    `<path d="M${x(low)} ${y(low)}L${x(high)} ${y(high)}" stroke="${theme.muted}"/>`,
    `<text x="${x(40)}" y="${y(low) + 42}" text-anchor="middle">room that the server had for its KV cache, of the card's usable memory</text>`,
    `<text transform="translate(${x(low) - 46} ${y(40)}) rotate(-90)" text-anchor="middle">predicted room</text>`,
  ].join('\n');
}

function mark(server: Comparison, stroke: string, fill: string): string {
  const at = position(server);
  if (at === undefined) return '';
  const [cx, cy] = at;
  const shape = server.server.started
    ? `<circle cx="${cx}" cy="${cy}" r="4" stroke="${stroke}" fill="${fill}" fill-opacity="0.75" stroke-width="1.4"/>`
    : `<path d="M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8" stroke="${stroke}" stroke-width="2"/>`;
  return `<g>${shape}<title>${server.server.model}, ${place(server)}</title></g>`;
}

/** Names of the servers outside the band, each below the last one so that they do not cover each other. */
function names(servers: readonly Comparison[]): string {
  const far = servers.flatMap((server) => Math.abs(server.errorPercent ?? 0) > TOLERANCE ? [{ server, at: position(server) ?? [0, 0] }] : []);
  let free = 0;
  return far.sort((a, b) => a.at[1] - b.at[1]).map(({ server, at: [cx, cy] }) => {
    const top = Math.max(cy + 1, free);
    free = top + 32;
    return `<text font-size="11"><tspan x="${cx + 10}" y="${top}">${server.server.model.split('/').at(-1)}</tspan>`
      + `<tspan x="${cx + 10}" y="${top + 13}">${place(server)}</tspan></text>`;
  }).join('\n');
}

function legend(theme: Theme): string {
  const left = x(LEAST) + 14;
  const row = (index: number, shape: string, text: string): string => {
    const middle = PLOT.top + 16 + index * 19;
    return `<g transform="translate(${left} ${middle})">${shape}<text x="14" y="4">${text}</text></g>`;
  };
  return [
    row(0, `<circle r="4" stroke="${theme.heldOut}" fill="${theme.heldOut}" fill-opacity="0.75"/>`, 'held out'),
    row(1, `<circle r="4" stroke="${theme.calibration}" fill="none" stroke-width="1.4"/>`, 'the constants were chosen on it'),
    row(2, `<path d="M-4 -4l8 8m0 -8l-8 8" stroke="${theme.text}" stroke-width="2"/>`, 'did not start'),
    row(3, `<rect x="-6" y="-6" width="12" height="12" fill="${theme.band}" stroke="${theme.grid}"/>`,
      `within ${TOLERANCE} % of the card's usable memory; below the line is the safe side`),
  ].join('\n');
}

function position({ fit, card, measuredGiB }: Comparison): [number, number] | undefined {
  if (measuredGiB === undefined) return undefined;
  return [x((measuredGiB / card.usableGiB) * 100), y((fit.kvRoomGiB / card.usableGiB) * 100)];
}

function place({ server }: Comparison): string {
  return `${server.gpu}, vLLM ${server.version}`;
}
