import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '../..');

/** A program of one or more code blocks of a Markdown file. */
export interface SnippetProgram {
  /** Markdown file and line of the first block: `docs/a.md:12`. */
  readonly name: string;
  /** The code, each line where it stands in the Markdown file. */
  readonly code: string;
}

/** The TypeScript of a Markdown text. A block that imports something begins a program; one that does not goes on with the one before. */
export function snippetPrograms(file: string, markdown: string): SnippetProgram[] {
  const programs: { name: string; lines: string[] }[] = [];
  for (const { first, lines } of blocks(markdown)) {
    const last = programs.at(-1);
    if (last === undefined || lines.some((line) => /^import\b/.test(line))) programs.push({ name: `${file}:${first + 1}`, lines: [] });
    const program = programs.at(-1)!;
    while (program.lines.length < first) program.lines.push('');
    program.lines.push(...lines);
  }
  return programs.map(({ name, lines }) => ({ name, code: lines.join('\n') }));
}

/** Blocks of `ts`, with the number of lines before each. */
function blocks(markdown: string): { first: number; lines: string[] }[] {
  const found: { first: number; lines: string[] }[] = [];
  let open: { first: number; lines: string[] } | undefined;
  let fence = false;
  markdown.split('\n').forEach((line, index) => {
    if (line.startsWith('```')) {
      if (open) found.push(open);
      open = !fence && /^```(ts|typescript)\b/.test(line) ? { first: index + 1, lines: [] } : undefined;
      fence = !fence;
    } else {
      open?.lines.push(line);
    }
  });
  return found;
}

/** Type-checks programs in one go, as a user of the published package would. Gives one line for each error: `docs/a.md:14 TS2345: ...`. */
export function typeErrors(programs: SnippetProgram[]): string[] {
  const virtual = new Map(programs.map(({ code }, index) => [join(ROOT, `__snippet-${index}.ts`), `${code}\nexport {};\n`]));
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const real = { getSourceFile: host.getSourceFile.bind(host), fileExists: host.fileExists.bind(host), readFile: host.readFile.bind(host) };
  host.fileExists = (file) => virtual.has(file) || real.fileExists(file);
  host.readFile = (file) => virtual.get(file) ?? real.readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = virtual.get(file);
    return text === undefined ? real.getSourceFile(file, language, ...rest) : ts.createSourceFile(file, text, language);
  };
  const program = ts.createProgram([...virtual.keys()], options, host);
  return [...virtual.keys()].flatMap((file, index) => {
    const source = program.getSourceFile(file);
    const markdown = programs[index]!.name.replace(/:\d+$/, '');
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((diagnostic) => {
      const line = source && diagnostic.start !== undefined ? source.getLineAndCharacterOfPosition(diagnostic.start).line + 1 : 0;
      return `${markdown}:${line} TS${diagnostic.code}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`;
    });
  });
}

/** Programs of Markdown files, by their paths from the project's root. */
export function programsOf(files: string[]): SnippetProgram[] {
  return files.filter((file) => existsSync(join(ROOT, file)))
    .flatMap((file) => snippetPrograms(relative(ROOT, join(ROOT, file)), readFileSync(join(ROOT, file), 'utf8')));
}

function compilerOptions(): ts.CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    experimentalDecorators: true,
    types: ['node'],
    paths: {
      'cdk-ml-platform': [join(ROOT, 'lib/index.ts')],
      'cdk-ml-platform/testing': [join(ROOT, 'lib/testing/index.ts')],
      'cdk-ml-platform/terraform': [join(ROOT, 'lib/terraform/index.ts')],
    },
  };
}
