import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** A property, method or enum member that users see. */
export interface PublicMember {
  readonly name: string;
  /** Name of the declaration that the member stands in: an inherited member's is that of the base. */
  readonly owner: string;
  /** Source file of that declaration. */
  readonly file: string;
  readonly optional: boolean;
  /** Whether it, or what it implements, has a docstring. */
  readonly documented: boolean;
  /** Text of `@default`; undefined without one. */
  readonly default?: string;
}

/** An exported class, interface, enum, function or type. */
export interface PublicSymbol {
  /** Name with its namespace: `network.MlNetwork`. */
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'enum' | 'other';
  readonly documented: boolean;
  readonly members: PublicMember[];
  /** Members of the interfaces that an interface extends, as far as they are in the sources. */
  readonly inherited: PublicMember[];
  /** Names of the interfaces that an interface extends, directly or not, in the sources. */
  readonly bases: string[];
}

/** Whether a symbol is a struct in the sense of jsii: an interface of data, whose name does not begin with `I` and a capital. */
export function isStruct({ kind, name }: PublicSymbol): boolean {
  return kind === 'interface' && !/^I[A-Z]/.test(name.split('.').at(-1)!);
}

/** What a package's entry file exports, read from its sources, without what is `@internal`. */
export function publicApi(entry: string): PublicSymbol[] {
  return exportsOf(entry, '').map(({ name, file, node }) => describe({ file, node }, name));
}

/** Classes and enums of a loaded module and of its namespaces, which are written small. */
export function runtimeNames(module: object, prefix = ''): string[] {
  return Object.entries(module).flatMap(([name, value]) => /^[a-z]/.test(name) ? runtimeNames(value as object, `${name}.`) : [`${prefix}${name}`]);
}

type Declared = ts.ClassDeclaration | ts.InterfaceDeclaration | ts.EnumDeclaration | ts.FunctionDeclaration | ts.TypeAliasDeclaration | ts.VariableDeclaration;

interface Declaration {
  readonly file: string;
  readonly node: Declared;
}

const parsed = new Map<string, ts.SourceFile>();

/** A source file, parsed. */
export function sourceOf(file: string): ts.SourceFile {
  const known = parsed.get(file) ?? ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  parsed.set(file, known);
  return known;
}

/** The source file that a relative import means. */
export function moduleFile(from: string, specifier: string): string {
  const path = join(dirname(from), specifier);
  const file = [`${path}.ts`, join(path, 'index.ts')].find(ts.sys.fileExists);
  if (file === undefined) throw new Error(`${from} imports ${specifier}, which is not there`);
  return file;
}

function exportsOf(file: string, prefix: string): (Declaration & { name: string })[] {
  return sourceOf(file).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) return reexportsOf(file, prefix, statement);
    if (!hasModifier(statement, ts.SyntaxKind.ExportKeyword)) return [];
    return declarationsOf(statement).filter((node) => !isInternal(node)).map((node) => ({ file, node, name: `${prefix}${node.name!.getText()}` }));
  });
}

function reexportsOf(file: string, prefix: string, { moduleSpecifier, exportClause }: ts.ExportDeclaration): (Declaration & { name: string })[] {
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) throw new Error(`${file} exports in a way that this reader does not know`);
  const target = moduleFile(file, moduleSpecifier.text);
  if (exportClause === undefined) return exportsOf(target, prefix);
  if (ts.isNamespaceExport(exportClause)) return exportsOf(target, `${prefix}${exportClause.name.text}.`);
  const all = exportsOf(target, '');
  return exportClause.elements.map((element) => {
    const found = all.find(({ name }) => name === (element.propertyName ?? element.name).text);
    if (found === undefined) throw new Error(`${file} exports ${element.name.text}, which ${target} does not have`);
    return { ...found, name: `${prefix}${element.name.text}` };
  });
}

function declarationsOf(statement: ts.Statement): Declared[] {
  if (ts.isVariableStatement(statement)) return [...statement.declarationList.declarations];
  const known = ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isEnumDeclaration(statement)
    || ts.isFunctionDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  return known ? [statement] : [];
}

function describe(declaration: Declaration, name: string): PublicSymbol {
  const { node } = declaration;
  const kind = ts.isClassDeclaration(node) ? 'class' : ts.isInterfaceDeclaration(node) ? 'interface' : ts.isEnumDeclaration(node) ? 'enum' : 'other';
  const bases = kind === 'interface' ? ancestorsOf(declaration) : [];
  // what a class inherits from a base that is not exported, users see as its own
  const hidden = kind === 'class' ? ancestorsOf(declaration).filter((base) => ts.isClassDeclaration(base.node) && isInternal(base.node)) : [];
  return {
    name,
    kind,
    documented: hasText(node),
    members: [declaration, ...hidden].flatMap(membersOf),
    inherited: bases.flatMap(membersOf),
    bases: bases.map((base) => base.node.name!.getText()),
  };
}

function membersOf(declaration: Declaration): PublicMember[] {
  const { node } = declaration;
  if (ts.isEnumDeclaration(node)) return node.members.map((member) => memberOf(declaration, member, member.name.getText()));
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return [];
  return [...node.members].flatMap((member): PublicMember[] => {
    if (ts.isConstructorDeclaration(member)) return constructorMembers(declaration, member);
    if (isHidden(member)) return [];
    return member.name === undefined ? [] : [memberOf(declaration, member, member.name.getText())];
  });
}

/** Properties that a constructor declares, and the constructor itself where its parameters do not follow the grammar of constructs. */
function constructorMembers(declaration: Declaration, node: ts.ConstructorDeclaration): PublicMember[] {
  const properties = node.parameters.filter((parameter) => ts.isParameterPropertyDeclaration(parameter, node) && !isHidden(parameter));
  const names = node.parameters.map((parameter) => parameter.name.getText());
  const grammar = names.every((name, index) => name === ['scope', 'id', 'props'][index]);
  return [
    ...grammar || isHidden(node) ? [] : [memberOf(declaration, node, 'constructor')],
    ...properties.map((parameter) => memberOf(declaration, parameter, parameter.name.getText())),
  ];
}

function memberOf(declaration: Declaration, node: ts.Node & { questionToken?: ts.QuestionToken }, name: string): PublicMember {
  const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === 'default');
  return {
    name,
    owner: declaration.node.name!.getText(),
    file: declaration.file,
    optional: node.questionToken !== undefined,
    documented: hasText(node) || ancestorsOf(declaration).some((base) => documentsMember(base, name)),
    default: tag && textOf(tag.comment),
  };
}

function documentsMember({ node }: Declaration, name: string): boolean {
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return false;
  return [...node.members].some((member) => member.name?.getText() === name && hasText(member));
}

/** Classes and interfaces of the sources that a declaration extends or implements, directly or not. */
function ancestorsOf({ file, node }: Declaration): Declaration[] {
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return [];
  const types = (node.heritageClauses ?? []).flatMap((clause) => [...clause.types]);
  return types.flatMap(({ expression }) => {
    const base = ts.isIdentifier(expression) ? resolveName(file, expression.text) : undefined;
    return base ? [base, ...ancestorsOf(base)] : [];
  });
}

function resolveName(file: string, name: string): Declaration | undefined {
  const here = sourceOf(file).statements.flatMap(declarationsOf).find((node) => node.name?.getText() === name);
  if (here) return { file, node: here };
  const imported = importOf(file, name);
  return imported?.specifier.startsWith('.') ? resolveName(moduleFile(file, imported.specifier), imported.name) : undefined;
}

/** Where a name of a source file comes from; its name there is `*` for a whole module. */
export function importOf(file: string, name: string): { readonly specifier: string; readonly name: string } | undefined {
  for (const statement of sourceOf(file).statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const specifier = statement.moduleSpecifier.text;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined) continue;
    if (ts.isNamespaceImport(bindings)) {
      if (bindings.name.text === name) return { specifier, name: '*' };
      continue;
    }
    const element = bindings.elements.find((it) => it.name.text === name);
    if (element) return { specifier, name: (element.propertyName ?? element.name).text };
  }
  return undefined;
}

function isHidden(node: ts.Node): boolean {
  return hasModifier(node, ts.SyntaxKind.PrivateKeyword) || isInternal(node);
}

function isInternal(node: ts.Node): boolean {
  return ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);
}

/** Whether a docstring says something about a node. Tags say nothing, but `@param` about a constructor and its parameters does. */
function hasText(node: ts.Node): boolean {
  const texts = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).map(({ comment }) => comment);
  const parameters = ts.isConstructorDeclaration(node) ? ts.getJSDocTags(node).filter(ts.isJSDocParameterTag) : ts.isParameter(node) ? ts.getJSDocParameterTags(node) : [];
  return [...texts, ...parameters.map(({ comment }) => comment)].some((comment) => textOf(comment) !== '');
}

function textOf(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  return (ts.getTextOfJSDocComment(comment) ?? '').trim();
}
