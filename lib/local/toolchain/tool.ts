import { cacheEntry, findEntry } from './cache';
import { isExecutable, onPath, outputOf } from './commands';
import { goCharts } from './go-charts';
import { goTools } from './go-tools';
import { layerTools } from './layer-tools';
import { uvTool } from './uv-tool';

/** A program that tests and the laptop edition run, and how it comes to a machine that lacks it. */
export interface Tool {
  readonly name: string;
  /** Environment variable that names an existing binary. It is used as it is, whatever its version. */
  readonly variable: string;
  /** Version that is made when none is found. */
  readonly version: string;
  /** How to ask a binary on PATH for its version, and which answers will do. @default - one on PATH is never taken */
  readonly onPath?: { readonly args: readonly string[]; readonly accepts: RegExp };
  /** Name of its entry in the cache. */
  entry(): string;
  /** Path of the binary inside the entry. */
  readonly binary: string;
  /** Why it cannot be made on this machine, or undefined if it can. */
  obstacle(): string | undefined;
  /** Makes it, in an empty folder. */
  make(folder: string): Promise<void>;
}

/** A tool that was found, or why there is none. */
export type FoundTool =
  | { readonly available: true; readonly path: string; readonly version: string; readonly origin: 'environment' | 'PATH' | 'cache' }
  | { readonly available: false; readonly reason: string };

/** Every tool by its name. */
export function tools(): ReadonlyMap<string, Tool> {
  return new Map([...goTools(), ...goCharts(), ...layerTools(), uvTool()].map(tool => [tool.name, tool]));
}

/** Looks for a tool without making it: named by its variable, then on PATH in a fitting version, then in the cache. */
export function findTool(name: string): FoundTool {
  const tool = toolNamed(name);
  const named = process.env[tool.variable];
  if (named) {
    if (isExecutable(named)) return { available: true, path: named, version: 'as given', origin: 'environment' };
    return { available: false, reason: `${tool.variable} names ${named}, which is not an executable file` };
  }
  const path = onPath(name);
  const answer = path && tool.onPath ? outputOf(path, tool.onPath.args) : undefined;
  const match = tool.onPath?.accepts.exec(answer ?? '');
  if (path && match) return { available: true, path, version: match[0], origin: 'PATH' };
  const entry = findEntry(tool.entry());
  if (entry) return { available: true, path: `${entry}/${tool.binary}`, version: tool.version, origin: 'cache' };
  const hint = tool.obstacle() ?? `make it by: npx tsx lib/local/toolchain/main.ts ${name}`;
  return { available: false, reason: `${name} ${tool.version} is neither named by ${tool.variable} nor on PATH nor in the cache; ${hint}` };
}

/** Finds a tool, or makes it and keeps it in the cache. The first build of kube-apiserver takes about ten minutes. */
export async function provideTool(name: string): Promise<FoundTool> {
  const tool = toolNamed(name);
  const found = findTool(name);
  if (found.available || process.env[tool.variable]) return found;
  if (tool.obstacle() !== undefined) return found;
  try {
    const entry = await cacheEntry(tool.entry(), async folder => tool.make(folder));
    return { available: true, path: `${entry}/${tool.binary}`, version: tool.version, origin: 'cache' };
  } catch (error) {
    return { available: false, reason: `${name} ${tool.version} could not be made: ${(error as Error).message}` };
  }
}

/** Path of a tool, made if need be. Throws with the reason if it is not to be had. */
export async function requireTool(name: string): Promise<string> {
  const found = await provideTool(name);
  if (!found.available) throw new Error(found.reason);
  return found.path;
}

function toolNamed(name: string): Tool {
  const tool = tools().get(name);
  if (tool === undefined) throw new Error(`there is no tool '${name}'; there are ${[...tools().keys()].join(', ')}`);
  return tool;
}
