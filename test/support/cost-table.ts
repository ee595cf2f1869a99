import { readFileSync } from 'fs';
import type { App } from 'aws-cdk-lib';
import { costAtRest, CostKind, type CostLine } from '../../lib/core/cost/cost-at-rest';
import { US_EAST_1_2026_11 as PRICES } from '../../lib/core/cost/price-table';

/** A stack's bill at rest. */
export interface StackCost {
  readonly stack: string;
  readonly lines: CostLine[];
}

/** What an app's stacks cost at rest. */
export function costOfApp(app: App): StackCost[] {
  return app.synth().stacks.map(({ stackName, template }) => ({ stack: stackName, lines: costAtRest(template as object).lines }));
}

/** USD per month of all stacks. */
export function monthlyOf(costs: StackCost[]): number {
  return costs.flatMap(({ lines }) => lines).reduce((sum, { monthly }) => sum + monthly, 0);
}

/** The table in the README of a reference platform. */
export function costTable(costs: StackCost[]): string {
  const rows = costs.flatMap(({ stack, lines }) => merged(lines).map((line) =>
    `| ${stack} | ${line.item} | ${`${number(line.quantity)} ${line.unit}`.trim()} | ${line.monthly.toFixed(2)} |`));
  const byUse = [...new Set(costs.flatMap(({ lines }) => lines).filter(({ kind }) => kind === CostKind.BY_USE).map(({ type }) => type))].sort();
  return [
    `Prices: ${PRICES.region}, ${PRICES.date}, on demand, in USD a month of ${PRICES.hoursPerMonth} hours, before tax and free tier.`,
    '',
    '| stack | what | how much | USD |',
    '|---|---|---|---:|',
    ...rows,
    `| **all** | | | **${monthlyOf(costs).toFixed(2)}** |`,
    '',
    `Billed by use only, so nothing at rest: ${byUse.map((type) => `\`${type}\``).join(', ')}.`,
  ].join('\n');
}

function merged(lines: CostLine[]): CostLine[] {
  const byItem = new Map<string, CostLine>();
  for (const line of lines.filter(({ kind }) => kind === CostKind.AT_REST || kind === CostKind.UNKNOWN)) {
    const key = `${line.item} ${line.unitPrice}`;
    const before = byItem.get(key);
    byItem.set(key, before ? { ...line, quantity: before.quantity + line.quantity, monthly: before.monthly + line.monthly } : line);
  }
  return [...byItem.values()].sort((one, other) => other.monthly - one.monthly);
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

const START = '<!-- cost at rest: written by test/scripts/update-cost-tables.ts -->';
const END = '<!-- end of cost at rest -->';

/** The table that stands in a README. */
export function tableIn(readme: string): string {
  const [, table] = split(readFileSync(readme, 'utf8'));
  return table.slice(START.length, -END.length).trim();
}

/** A README's text with another table. */
export function withTable(readme: string, table: string): string {
  const [before, , after] = split(readFileSync(readme, 'utf8'));
  return `${before}${START}\n${table}\n${END}${after}`;
}

function split(text: string): [string, string, string] {
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the README lacks the lines '${START}' and '${END}'`);
  return [text.slice(0, start), text.slice(start, end + END.length), text.slice(end + END.length)];
}
