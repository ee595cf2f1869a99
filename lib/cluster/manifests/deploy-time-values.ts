import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** One value that is known only at deploy time: the engine hands it to Helm under `name`. */
export interface DeployTimeValue {
  /** Name of the chart value: `T0`, `T1` and so on, in the order in which the objects use them. */
  readonly name: string;
  /** The token as the engine wrote it: a marker string, an encoded number or an encoded list. */
  readonly token: string | number | string[];
  /** First use, for messages: `data.bucket of ConfigMap 'app'`. */
  readonly usedAt: string;
}

const MARKER = /\$\{(?:Tf)?Token\[[^\]]*\]\}/g;
const LIST_MARKER = /^#\{(?:Tf)?Token\[[^\]]*\]\}$/;
const ANY_LIST_MARKER = /#\{(?:Tf)?Token\[[^\]]*\]\}/;
/** What is left of an encoded number after it was put into a text: its digits are gone. */
const NUMBER_IN_TEXT = /-1\.888\d*e\+289/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** JSON does not escape these, YAML wants them escaped. */
const NEEDS_ESCAPE = /[\u2028\u2029\ufeff]/g;
/** Helm 4 unescapes these while it annotates the objects and then cannot read its own YAML, or turns them into blanks. */
const REFUSED = /[\u007f-\u009f\ufffe\uffff]/;

/** Writes Kubernetes objects as JSON that Helm renders: `{{` is escaped, each token becomes a chart value. */
export class TemplateWriter {
  private readonly byToken = new Map<string, DeployTimeValue>();

  constructor(private readonly faults: Faults) {}

  /** The values met so far, in the order of their names. */
  get values(): DeployTimeValue[] {
    return [...this.byToken.values()];
  }

  /** One object as a template of one JSON document. */
  write(object: unknown, describe: (path: string) => string): string {
    return `${this.node(object, '', '', describe)}\n`;
  }

  private node(value: unknown, path: string, indent: string, describe: (path: string) => string): string {
    if (typeof value === 'string') return this.text(value, path, describe);
    if (typeof value === 'number') return this.number(value, path, describe);
    if (typeof value === 'boolean' || value === null) return String(value);
    if (Array.isArray(value)) return this.list(value, path, indent, describe);
    if (typeof value === 'object') return this.map(value as Record<string, unknown>, path, indent, describe);
    this.refuse('invalid-manifest-value', `${describe(path)} is ${show(value)}; a manifest holds text, numbers, booleans, lists and maps`);
    return 'null';
  }

  private map(value: Record<string, unknown>, path: string, indent: string, describe: (path: string) => string): string {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    if (keys.length === 1 && keys.some((key) => /^(Ref|Fn::\w+)$/.test(key))) {
      this.refuse('unresolved-intrinsic',
        `${describe(path)} is a CloudFormation function that cdk8s wrote out as data; give it as text, for example with Token.asString(value)`);
    }
    if (keys.length === 0) return '{}';
    const inner = `${indent}  `;
    const entries = keys.map((key) => {
      const at = path === '' ? key : `${path}.${key}`;
      return `${inner}${this.text(key, at, describe)}: ${this.node(value[key], at, inner, describe)}`;
    });
    return `{\n${entries.join(',\n')}\n${indent}}`;
  }

  private list(value: unknown[], path: string, indent: string, describe: (path: string) => string): string {
    const encoded = value.filter((item) => typeof item === 'string' && LIST_MARKER.test(item));
    if (encoded.length > 0) {
      if (value.length === 1) return this.action(String(encoded[0]), value as string[], describe(path));
      this.refuse('mixed-list-token', `${describe(path)} mixes a list that is known only at deploy time with other entries; build the whole list in one function, or give literals`);
      return '[]';
    }
    if (value.length === 0) return '[]';
    const inner = `${indent}  `;
    const items = value.map((item, index) => `${inner}${this.node(item ?? null, `${path}[${index}]`, inner, describe)}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }

  private number(value: number, path: string, describe: (path: string) => string): string {
    if (isUnresolved(value)) return this.action(String(value), value, describe(path));
    if (!Number.isFinite(value)) {
      this.refuse('invalid-manifest-value', `${describe(path)} is ${value}; give a finite number`);
    }
    return JSON.stringify(value);
  }

  private text(value: string, path: string, describe: (path: string) => string): string {
    if (ANY_LIST_MARKER.test(value)) {
      this.refuse('list-token-in-text', `${describe(path)} holds a list that is known only at deploy time inside a text; join it with the engine's own function (Fn.join)`);
    }
    if (NUMBER_IN_TEXT.test(value)) {
      this.refuse('number-token-in-text', `${describe(path)} holds a number that is known only at deploy time inside a text; turn it into text with the engine's own function (Tokenization.stringifyNumber)`);
    }
    const control = REFUSED.exec(value)?.[0];
    if (control !== undefined) {
      this.refuse('invalid-manifest-value', `${describe(path)} holds the control character U+${control.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}, which Helm cannot carry; encode the text, for example as base64 in binaryData`);
    }
    if (LONE_SURROGATE.test(value)) {
      this.refuse('invalid-manifest-value', `${describe(path)} holds half of a surrogate pair; give well-formed Unicode`);
    }
    let from = 0;
    let out = '';
    for (const match of value.matchAll(MARKER)) {
      out += literal(value.slice(from, match.index), true);
      const name = this.name(match[0], match[0], describe(path));
      // the value's own JSON text without its quotes: any character of it stays inside our string
      out += `{{ .Values.${name} | toString | toJson | trimPrefix "\\"" | trimSuffix "\\"" }}`;
      from = match.index + match[0].length;
    }
    return `"${out}${literal(value.slice(from), false)}"`;
  }

  private action(key: string, token: number | string[], usedAt: string): string {
    return `{{ .Values.${this.name(key, token, usedAt)} | toJson }}`;
  }

  private name(key: string, token: string | number | string[], usedAt: string): string {
    const known = this.byToken.get(key);
    if (known) return known.name;
    const name = `T${this.byToken.size}`;
    this.byToken.set(key, { name, token, usedAt });
    return name;
  }

  private refuse(code: string, message: string): void {
    this.faults.add(code, message);
  }
}

/** Text as the inside of a JSON string that a Go template leaves as it is. */
function literal(text: string, beforeAction: boolean): string {
  const json = JSON.stringify(text).slice(1, -1).replace(NEEDS_ESCAPE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const escaped = json.replace(/\{{2,}/g, (braces) => `{{"${braces}"}}`);
  return beforeAction ? escaped.replace(/\{$/, '{{"{"}}') : escaped;
}
