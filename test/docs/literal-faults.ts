import { isValidationError } from '../../lib/core/private/validation-error';
import { evaluateDefault, type LoadModule } from '../support/default-literal';
import { isStruct, type PublicMember, type PublicSymbol } from '../support/public-api';

/** What is made from a struct of given properties: a template, a program, anything that can be compared. */
export interface StructUse {
  make(given: Record<string, unknown>): unknown;
  /** Values that differ from a default, where none can be made up from its text. */
  readonly others?: Record<string, unknown>;
}

/** What is made from each struct, by the struct's public name. */
export type StructUses = Record<string, StructUse>;

/** Whether a member's documented default can be tried: a literal, not a description (`- ...`). */
export function hasLiteral({ optional, default: text }: PublicMember): boolean {
  return optional && text !== undefined && !text.startsWith('-');
}

/** Gaps in the documentation of symbols and members, one line each. */
export function documentationGaps(api: PublicSymbol[]): string[] {
  return api.flatMap((symbol) => [
    ...symbol.documented ? [] : [`${symbol.name} has no docstring`],
    ...symbol.members.filter(({ documented }) => !documented).map(({ name }) => `${symbol.name}.${name} has no docstring`),
    ...isStruct(symbol) ? symbol.members.flatMap((member) => defaultGaps(symbol.name, member)) : [],
  ]);
}

function defaultGaps(struct: string, { name, optional, default: text }: PublicMember): string[] {
  if (!optional) return text === undefined ? [] : [`${struct}.${name} is required and has a @default`];
  if (text === undefined) return [`${struct}.${name} is optional and has no @default`];
  return text === '' || /^-(?! \S)/.test(text) ? [`${struct}.${name} has a @default that says nothing`] : [];
}

/** Structs with a documented literal that no use tries, and uses of structs that are not there, one line each. */
export function untriedStructs(api: PublicSymbol[], uses: StructUses): string[] {
  const structs = api.filter(isStruct);
  const tried = new Set(structs.filter(({ name }) => name in uses).flatMap(({ name, bases }) => [name.split('.').at(-1), ...bases]));
  const untried = structs.filter(({ name, members }) => members.some(hasLiteral) && !tried.has(name.split('.').at(-1)));
  const stale = Object.keys(uses).filter((name) => !structs.some((struct) => struct.name === name));
  return [
    ...untried.map(({ name }) => `${name} has a documented literal and no use in the table`),
    ...stale.map((name) => `${name} is in the table and is no public struct`),
  ];
}

/** Documented literals of one struct, its bases included, that are not what happens without them, one line each. */
export function wrongLiterals(struct: PublicSymbol, use: StructUse, load: LoadModule): string[] {
  const trials = [...struct.members, ...struct.inherited].filter(hasLiteral).map((member) => evaluate(member, load));
  const without = json(use.make({}));
  const given = Object.fromEntries(trials.map(({ name, value }) => [name, value]));
  // one comparison for all of them; which of them is wrong is found out only where one is
  const allRight = trials.every(({ fault }) => fault === undefined) && json(use.make(given)) === without;
  return trials.flatMap((trial) => {
    const fault = trial.fault ?? (allRight || json(use.make({ [trial.name]: trial.value })) === without ? blindness(trial, use, without) : 'something else happens without the property');
    return fault === undefined ? [] : [`${struct.name}.${trial.name} @default ${trial.literal}: ${fault}`];
  });
}

interface Trial {
  readonly name: string;
  readonly literal: string;
  readonly value?: unknown;
  readonly others: unknown[];
  readonly fault?: string;
}

function evaluate({ name, file, default: literal = '' }: PublicMember, load: LoadModule): Trial {
  try {
    return { name, literal, ...evaluateDefault(literal, file, load) };
  } catch (error) {
    return { name, literal, others: [], fault: `cannot be evaluated (${(error as Error).message})` };
  }
}

/** A comparison that no value of the property can fail says nothing. */
function blindness({ name, others }: Trial, use: StructUse, without: string): string | undefined {
  const values = name in (use.others ?? {}) ? [use.others![name]] : others;
  return values.some((other) => differs(use, name, other, without)) ? undefined : 'no other value changes what is made, so that nothing was compared';
}

/** Whether another value shows. One that is refused shows nothing. */
function differs(use: StructUse, name: string, other: unknown, without: string): boolean {
  try {
    return json(use.make({ [name]: other })) !== without;
  } catch (error) {
    if (isValidationError(error)) return false;
    throw error;
  }
}

function json(made: unknown): string {
  return JSON.stringify(made);
}
