import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A type in Terraform's JSON notation: `string`, `["list","string"]`, `dynamic`. */
export type TerraformType = string | [string, TerraformType];

/** An argument or attribute, as `tofu providers schema -json` prints it. */
export interface AttributeSchema {
  readonly type: TerraformType;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
}

/** A nested block, as `tofu providers schema -json` prints it. */
export interface NestedBlockSchema {
  readonly nesting_mode: string;
  readonly min_items?: number;
  readonly max_items?: number;
  readonly block: BlockSchema;
}

export interface BlockSchema {
  readonly attributes: Record<string, AttributeSchema>;
  readonly block_types: Record<string, NestedBlockSchema>;
}

export interface ProviderSchema {
  readonly provider: { readonly block: BlockSchema };
  readonly resource_schemas: Record<string, { readonly block: BlockSchema }>;
  readonly data_source_schemas: Record<string, { readonly block: BlockSchema }>;
}

const BINDINGS = join(dirname(require.resolve('@cdktn/provider-aws/package.json')), 'lib');

/**
 * The schema of those parts of the AWS provider that a program names, read from the bindings: names and kinds of
 * arguments from what the bindings emit (`synthesizeHclAttributes`), required or not from their declarations.
 *
 * It holds what the bindings know. It has no enumerations, patterns or conflicts, which only the provider's code has:
 * say "valid against the bindings' schema" of what passes.
 */
export function awsSchema(resourceTypes: string[], dataSourceTypes: string[]): ProviderSchema {
  return {
    provider: { block: readBindings('provider', 'TerraformProvider') ?? empty() },
    resource_schemas: readAll(resourceTypes, '', 'TerraformResource'),
    data_source_schemas: readAll(dataSourceTypes, 'data-aws-', 'TerraformDataSource'),
  };
}

/** Version of the AWS provider that the bindings were generated from. */
export function awsProviderVersion(): string {
  const version = /providerVersion: ["']([^"']+)["']/.exec(script('vpc'))?.[1];
  if (version === undefined) throw new Error('the bindings do not name the version of the provider');
  return version;
}

function readAll(types: string[], prefix: string, base: string): Record<string, { block: BlockSchema }> {
  const found = types.flatMap((type) => {
    const read = readBindings(prefix + type.replace(/^aws_/, '').replaceAll('_', '-'), base);
    return read === undefined ? [] : [[type, { block: read }] as const];
  });
  return Object.fromEntries(found);
}

/** What one entry of `synthesizeHclAttributes` says. */
interface Emitted {
  readonly name: string;
  readonly property: string;
  readonly isBlock: boolean;
  readonly kind: string;
  readonly storage: string;
  /** Name of the function that emits a nested struct, without its ending. */
  readonly struct?: string;
}

interface Bindings {
  readonly script: string;
  /** Interface name to property (`name`, or `#anchor` of its documentation). */
  readonly declared: Map<string, Map<string, Declared>>;
}

interface Declared {
  readonly optional: boolean;
  readonly many: boolean;
}

const memo = new Map<string, BlockSchema | undefined>();

function readBindings(folder: string, base: string): BlockSchema | undefined {
  if (!memo.has(folder)) memo.set(folder, parseBindings(folder, base));
  return memo.get(folder);
}

function parseBindings(folder: string, base: string): BlockSchema | undefined {
  if (!existsSync(join(BINDINGS, folder, 'index.js'))) return undefined;
  const declarations = readFileSync(join(BINDINGS, folder, 'index.d.ts'), 'utf8');
  const bindings: Bindings = { script: script(folder), declared: interfaces(declarations) };
  const main = new RegExp(`^class (\\w+) extends cdktn\\.${base} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(bindings.script);
  if (!main?.[1] || !main[2]) throw new Error(`bindings of ${folder} have no class that extends ${base}`);
  const emitted = entries(/synthesizeHclAttributes\(\) \{([\s\S]*?)\n {4}\}/.exec(main[2])?.[1] ?? '');
  const config = /constructor\(scope: Construct, id: string, config\??: (\w+)/.exec(declarations)?.[1] ?? `${main[1]}Config`;
  return block(bindings, emitted, config, main[2], []);
}

function block(bindings: Bindings, emitted: Emitted[], declaredAs: string, body: string, path: string[]): BlockSchema {
  const read = empty();
  const declared = bindings.declared.get(declaredAs);
  for (const entry of emitted) {
    const property = declared?.get(entry.property) ?? declared?.get(`#${entry.name}`);
    if (!property) throw new Error(`${declaredAs} declares no ${entry.property} for ${entry.name}`);
    if (entry.isBlock && entry.struct !== undefined) {
      read.block_types[entry.name] = nestedBlock(bindings, entry, property, path);
    } else {
      const type = attributeType(entry);
      read.attributes[entry.name] = property.optional ? { type, optional: true, computed: true } : { type, required: true };
    }
  }
  for (const [name, type] of computed(body)) {
    if (!(name in read.attributes) && !(name in read.block_types)) read.attributes[name] = { type, computed: true };
  }
  return read;
}

function nestedBlock(bindings: Bindings, entry: Emitted, property: Declared, path: string[]): NestedBlockSchema {
  const struct = entry.struct ?? '';
  const name = struct.charAt(0).toUpperCase() + struct.slice(1);
  const repeats = path.includes(struct); // the provider repeats some blocks inside themselves, to a fixed depth
  const body = new RegExp(`^class ${name}OutputReference extends [\\s\\S]*?^\\}`, 'm').exec(bindings.script)?.[0] ?? '';
  const source = new RegExp(`^function ${struct}ToHclTerraform\\(struct\\) \\{([\\s\\S]*?)^\\}`, 'm').exec(bindings.script)?.[1];
  const inner = repeats || source === undefined ? empty() : block(bindings, entries(source), name, body, [...path, struct]);
  const mode = entry.kind === 'struct' ? 'single' : entry.kind;
  if (mode === 'single' || mode === 'map') return { nesting_mode: mode, block: inner };
  return { nesting_mode: mode, min_items: property.optional ? 0 : 1, ...(property.many ? {} : { max_items: 1 }), block: inner };
}

/** Entries of one `attrs` literal. */
function entries(source: string): Emitted[] {
  const pattern = /^ +"?(\w+)"?: \{\n +value: (.*),\n +isBlock: (true|false),\n +type: "(\w+)",\n +storageClassType: "(\w+)",\n/gm;
  return [...source.matchAll(pattern)].map((match) => {
    const [, name = '', value = '', isBlock, kind = '', storage = ''] = match;
    const property = /(?:struct\.|this\._)(\w+)/.exec(value)?.[1] ?? name;
    const struct = [...value.matchAll(/(\.?)(\w+)ToHclTerraform\b/g)].find((call) => call[1] === '')?.[2];
    return { name, property, isBlock: isBlock === 'true', kind, storage, ...(struct === undefined ? {} : { struct }) };
  });
}

const PRIMITIVES: Record<string, string> = { string: 'string', number: 'number', boolean: 'bool', any: 'dynamic' };

/** `stringList` of kind `set` is a set of strings; `stringMapList` a list of maps. */
function attributeType(entry: Emitted): TerraformType {
  const [primitive = '', ...wraps] = entry.storage.split(/(?=[A-Z])/);
  let type: TerraformType = PRIMITIVES[primitive] ?? 'dynamic';
  if (type === 'dynamic') return type;
  wraps.forEach((wrap, index) => {
    const outermost = index === wraps.length - 1;
    const collection = wrap === 'Map' ? 'map' : outermost && entry.kind === 'set' ? 'set' : 'list';
    type = [collection, type];
  });
  return type;
}

const GETTERS: Record<string, TerraformType> = {
  String: 'string',
  Number: 'number',
  Boolean: 'bool',
  List: ['list', 'string'],
  NumberList: ['list', 'number'],
  StringMap: ['map', 'string'],
  NumberMap: ['map', 'number'],
  BooleanMap: ['map', 'bool'],
};

/** Attributes that a class reads: what other resources may refer to. */
function computed(body: string): [string, TerraformType][] {
  const plain = [...body.matchAll(/(Fn\.tolist\()?this\.get(\w+)Attribute\(['"](\w+)['"]\)/g)].map((match): [string, TerraformType] => {
    const type = GETTERS[match[2] ?? ''] ?? 'dynamic';
    return [match[3] ?? '', match[1] && Array.isArray(type) ? ['set', type[1]] : type];
  });
  const complex = [...body.matchAll(/new \w+(?:List|Map|OutputReference)\(this, "(\w+)"/g)].map((match): [string, TerraformType] => [match[1] ?? '', 'dynamic']);
  return [...plain, ...complex];
}

function interfaces(text: string): Map<string, Map<string, Declared>> {
  const found = new Map<string, Map<string, Declared>>();
  for (const [, name = '', body = ''] of text.matchAll(/^export interface (\w+)[^\n]*\{\n([\s\S]*?)^\}/gm)) {
    const properties = new Map<string, Declared>();
    // a property whose name the bindings had to change is found by the anchor of its documentation
    for (const [, comment = '', property = '', mark, type = ''] of body.matchAll(/((?:^ {4} *\/?\*.*\n)*)^ {4}readonly (\w+)(\??): ([^;\n]*)/gm)) {
      const entry = { optional: mark === '?', many: type.includes('[]') };
      properties.set(property, entry);
      const anchor = /#(\w+) /.exec(comment)?.[1];
      if (anchor !== undefined) properties.set(`#${anchor}`, entry);
    }
    found.set(name, properties);
  }
  return found;
}

function script(folder: string): string {
  const text = readFileSync(join(BINDINGS, folder, 'index.js'), 'utf8');
  return text.slice(0, text.lastIndexOf('//# sourceMappingURL') >>> 0);
}

function empty(): { attributes: Record<string, AttributeSchema>; block_types: Record<string, NestedBlockSchema> } {
  return { attributes: {}, block_types: {} };
}
