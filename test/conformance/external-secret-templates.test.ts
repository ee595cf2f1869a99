import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describeWithTools } from './tools';
import { secretTemplate } from '../../lib/features/blueprint/cluster-server';
import { requireTool } from '../../lib/local/toolchain/tool';

const VALUES = ['Abc123', '0123', ',12 "a"\\b: #c%d/e@f\'&g=?+', '  two  blanks ', '<tag>&amp;', 'käse\u{1f9c0}', '-', '=x', '$HOME'];
const NAME = 'ML_DATABASE_PASSWORD';

/** Go's templates with sprig's functions, by helm: the External Secrets Operator renders with the same two. */
describeWithTools('templates of ExternalSecrets, rendered', ['helm'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'external-secret-templates-'));
  let helm: string;
  beforeAll(async () => { helm = await requireTool('helm'); }, 60_000);
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

  function rendered(template: string): string[] {
    mkdirSync(join(folder, 'templates'), { recursive: true });
    writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: secrets\nversion: 1.0.0\n');
    writeFileSync(join(folder, 'values.json'), JSON.stringify({ all: VALUES.map((value) => ({ [NAME]: value })) }));
    const inner = template.replace('{{ ', '').replace(' }}', '');
    writeFileSync(join(folder, 'templates/all.yaml'), `all:\n{{- range .Values.all }}\n  - {{ ${inner} | toString | b64enc | quote }}\n{{- end }}\n`);
    const text = execFileSync(helm, ['template', 'secrets', folder, '--values', join(folder, 'values.json')], { encoding: 'utf8' });
    return (parse(text) as { all: string[] }).all.map((value) => Buffer.from(value, 'base64').toString());
  }

  const at = (registry: string, online: string) => secretTemplate({ variable: NAME, secretId: 'x', field: 'password' }, { registry: { path: registry }, online: { password: online } });

  test('a part of an address is escaped as addresses are', () => {
    expect(rendered(at(`postgresql://u:$${NAME}@h/d`, '')).map(decodeURIComponent)).toEqual(VALUES);
    expect(rendered(at(`postgresql://u:$${NAME}@h/d`, '')).join('')).not.toMatch(/[ +@:/?#"'$]/);
  });

  test('a value that stands alone brings quotation marks that YAML understands', () => {
    const quoted = rendered(at('', `$${NAME}`));
    expect(quoted.map((value) => parse(`password: ${value}`) as unknown)).toEqual(VALUES.map((password) => ({ password })));
  });

  test('a part of a text is itself', () => {
    expect(rendered(at('', `host,password=$${NAME}`))).toEqual(VALUES);
  });
});
