import ts from 'typescript';
import { importOf, moduleFile } from './public-api';

/** Loads a module by its name or by the path of its source file. */
export type LoadModule = (path: string) => Record<string, unknown>;

/** A documented default, evaluated, and other values of its kind. */
export interface EvaluatedDefault {
  readonly value: unknown;
  /** Values that are something else; the construct may refuse some. Empty where no other can be made up. */
  readonly others: unknown[];
}

/**
 * Evaluates the text of a `@default`: numbers, texts, booleans, lists, `RemovalPolicy.RETAIN`, `Duration.minutes(10)`.
 *
 * Names mean what they mean in the source file that the text stands in.
 */
export function evaluateDefault(text: string, file: string, load: LoadModule): EvaluatedDefault {
  const [statement, ...rest] = ts.createSourceFile('default.ts', `(${text});`, ts.ScriptTarget.ES2022, true).statements;
  const expression = statement && ts.isExpressionStatement(statement) && ts.isParenthesizedExpression(statement.expression) ? statement.expression.expression : undefined;
  if (expression === undefined || rest.length > 0) throw new Error('it is not an expression');
  const names: Names = (name) => lookUp(name, file, load);
  return { value: valueOf(expression, names), others: othersOf(expression, names) };
}

type Names = (name: string) => unknown;

function lookUp(name: string, file: string, load: LoadModule): unknown {
  const imported = importOf(file, name);
  const found = imported
    ? pick(load(imported.specifier.startsWith('.') ? moduleFile(file, imported.specifier) : imported.specifier), imported.name)
    : load(file)[name] ?? load('aws-cdk-lib')[name];
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found;
}

function pick(module: Record<string, unknown>, name: string): unknown {
  return name === '*' ? module : module[name];
}

function valueOf(node: ts.Expression, names: Names): unknown {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isStringLiteral(node)) return node.text;
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (ts.isArrayLiteralExpression(node)) return node.elements.map((element) => valueOf(element, names));
  if (ts.isIdentifier(node)) return names(node.text);
  if (ts.isPropertyAccessExpression(node)) return memberOf(valueOf(node.expression, names), node);
  if (ts.isCallExpression(node)) return call(node, node.arguments.map((argument) => valueOf(argument, names)), names);
  throw new Error(`${node.getText()} is not a literal`);
}

function memberOf(holder: unknown, node: ts.PropertyAccessExpression): unknown {
  const value: unknown = Reflect.get(Object(holder), node.name.text);
  if (value === undefined) throw new Error(`nothing is called ${node.getText()}`);
  return value;
}

function call({ expression }: ts.CallExpression, values: unknown[], names: Names): unknown {
  if (!ts.isPropertyAccessExpression(expression)) throw new Error(`${expression.getText()} is not a factory of a class`);
  const holder = valueOf(expression.expression, names);
  const factory = memberOf(holder, expression);
  if (typeof factory !== 'function') throw new Error(`${expression.getText()} is not a function`);
  return Reflect.apply(factory, holder, values) as unknown;
}

function othersOf(node: ts.Expression, names: Names): unknown[] {
  const value = valueOf(node, names);
  if (typeof value === 'boolean') return [!value];
  if (ts.isArrayLiteralExpression(node)) return [[], node.elements.flatMap((element) => othersOf(element, names).slice(0, 1))];
  if (ts.isPropertyAccessExpression(node)) return siblingsOf(valueOf(node.expression, names), value);
  if (ts.isCallExpression(node)) return otherCalls(node, names);
  if (typeof value === 'number') return [value + 1, value - 1, value * 2];
  return typeof value === 'string' ? otherTexts(value) : [];
}

/** The call with one argument changed. */
function otherCalls(node: ts.CallExpression, names: Names): unknown[] {
  const values = node.arguments.map((argument) => valueOf(argument, names));
  return node.arguments.flatMap((argument, index) => othersOf(argument, names).map((other) => call(node, values.map((value, at) => at === index ? other : value), names)));
}

/** The other members of an enum or class that are the same kind of thing. */
function siblingsOf(holder: unknown, value: unknown): unknown[] {
  const all = Object.getOwnPropertyNames(Object(holder)).map((name) => Reflect.get(Object(holder), name) as unknown);
  return all.filter((other) => other !== value && typeof other === typeof value && Object(other).constructor === Object(value).constructor).slice(0, 4);
}

/** A longer text, and the text with each of its digits changed. */
function otherTexts(text: string): string[] {
  const digits = [...text.matchAll(/\d/g)].map(({ index, 0: digit }) => `${text.slice(0, index)}${(Number(digit) + 1) % 10}${text.slice(index + 1)}`);
  return [`${text}x`, ...digits];
}
