/**
 * A gateway that reads HTTPRoutes as the Gateway API v1 wants them read, written from the comments of
 * https://github.com/kubernetes-sigs/gateway-api/blob/v1.6.1/apis/v1/httproute_types.go and knowing nothing of the code under test.
 * Patterns in headers are matched over the whole value, as Envoy does.
 */

interface BackendRef { readonly name: string; readonly namespace?: string; readonly port?: number; readonly weight?: number }
interface Filter {
  readonly type: string;
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: { readonly type: string; readonly replacePrefixMatch?: string; readonly replaceFullPath?: string } };
  readonly requestMirror?: { readonly backendRef: BackendRef; readonly percent?: number; readonly fraction?: { readonly numerator: number; readonly denominator?: number } };
}
interface Match {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly method?: string;
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
  readonly queryParams?: readonly unknown[];
}
interface Rule { readonly matches?: readonly Match[]; readonly filters?: readonly Filter[]; readonly backendRefs?: readonly BackendRef[] }
export interface HttpRoute {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly hostnames?: readonly string[]; readonly rules: readonly Rule[] };
}

export interface Request { readonly path: string; readonly host?: string; readonly method?: string; readonly headers?: Readonly<Record<string, string>> }

export interface Answer {
  readonly status: number;
  /** `name:port` or `namespace/name:port`. */
  readonly backend?: string;
  readonly path?: string;
  readonly host?: string;
  readonly mirrors: readonly string[];
}

interface Candidate { readonly route: HttpRoute; readonly rule: Rule; readonly match: Match; readonly host: number; readonly order: number }

/** Random numbers from a seed, so that a test says the same every time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Says where a request goes. */
export function ask(routes: readonly HttpRoute[], request: Request, random: () => number): Answer {
  const chosen = candidates(routes, request).sort(byPrecedence)[0];
  // "When no rules matching a request have been successfully attached [...], a HTTP 404 status code MUST be returned."
  if (chosen === undefined) return { status: 404, mirrors: [] };
  const { rule, match } = chosen;
  const filters = rule.filters ?? [];
  const mirrors = filters.flatMap(({ requestMirror }) => requestMirror !== undefined && random() < share(requestMirror) ? [nameOf(requestMirror.backendRef)] : []);
  const backend = pick(rule.backendRefs ?? [], random);
  if (backend === undefined) return { status: 500, mirrors };
  return { status: 200, backend: nameOf(backend), mirrors, ...rewritten(request, match, filters) };
}

function candidates(routes: readonly HttpRoute[], request: Request): Candidate[] {
  let order = 0;
  const all: Candidate[] = [];
  // ties across routes: "The Route appearing first in alphabetical order by {namespace}/{name}" (these are all equally old)
  for (const route of [...routes].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))) {
    const host = hostRank(route.spec.hostnames, request.host ?? '');
    for (const rule of route.spec.rules) {
      for (const match of rule.matches ?? [{}]) {
        order += 1;
        if (host !== undefined && matches(match, request)) all.push({ route, rule, match, host, order });
      }
    }
  }
  return all;
}

const idOf = (route: HttpRoute): string => `${route.metadata.namespace}/${route.metadata.name}`;

/** Exact names before wildcards, longer before shorter; undefined if the route is not for this host. */
function hostRank(hostnames: readonly string[] | undefined, host: string): number | undefined {
  if (hostnames === undefined || hostnames.length === 0) return 0;
  const ranks = hostnames.flatMap((name) => {
    if (name === host) return [10_000 + name.length];
    return name.startsWith('*.') && host.endsWith(name.slice(1)) && host.length > name.length - 1 ? [name.length] : [];
  });
  return ranks.length === 0 ? undefined : Math.max(...ranks);
}

/** "precedence must be given to the match having": exact path, longest prefix, method, most headers, most query parameters. */
function byPrecedence(a: Candidate, b: Candidate): number {
  const rank = ({ host, match, order }: Candidate): number[] => [
    host,
    match.path?.type === 'Exact' ? 1 : 0,
    (match.path?.value ?? '/').length,
    match.method === undefined ? 0 : 1,
    match.headers?.length ?? 0,
    match.queryParams?.length ?? 0,
    -order,
  ];
  const [left, right] = [rank(a), rank(b)];
  const index = left.findIndex((value, at) => value !== right[at]);
  return index < 0 ? 0 : (right[index] ?? 0) - (left[index] ?? 0);
}

/** "For a match to be true, all conditions have to hold." */
function matches(match: Match, request: Request): boolean {
  if (match.queryParams !== undefined) throw new Error('this reader knows no query parameters');
  return pathMatches(match, request.path)
    && (match.method === undefined || match.method === (request.method ?? 'GET'))
    && (match.headers ?? []).every((header) => headerMatches(header, request.headers ?? {}));
}

/** "the paths /abc, /abc/, and /abc/def would all match the prefix /abc, but the path /abcd would not" */
function pathMatches({ path }: Match, asked: string): boolean {
  const { type = 'PathPrefix', value = '/' } = path ?? {};
  if (type === 'Exact') return asked === value;
  if (type !== 'PathPrefix') throw new Error(`this reader knows no path match of type ${type}`);
  const prefix = value.replace(/\/$/, '');
  return asked === prefix || asked.startsWith(`${prefix}/`);
}

function headerMatches(header: { readonly type?: string; readonly name: string; readonly value: string }, sent: Readonly<Record<string, string>>): boolean {
  // "Name matching MUST be case-insensitive"
  const value = Object.entries(sent).find(([name]) => name.toLowerCase() === header.name.toLowerCase())?.[1];
  if (value === undefined) return false;
  return (header.type ?? 'Exact') === 'Exact' ? value === header.value : new RegExp(`^(?:${header.value})$`).test(value);
}

/** "computed as weight/(sum of all weights in this BackendRefs list)"; 1 if unspecified; none at 0. */
function pick(refs: readonly BackendRef[], random: () => number): BackendRef | undefined {
  const total = refs.reduce((sum, ref) => sum + (ref.weight ?? 1), 0);
  let point = random() * total;
  return refs.find((ref) => (point -= ref.weight ?? 1) < 0);
}

/** "If neither field is specified, 100% of requests will be mirrored." */
function share({ percent, fraction }: NonNullable<Filter['requestMirror']>): number {
  if (fraction !== undefined) return fraction.numerator / (fraction.denominator ?? 100);
  return (percent ?? 100) / 100;
}

function rewritten(request: Request, match: Match, filters: readonly Filter[]): { path: string; host: string } {
  const rewrite = filters.find((filter) => filter.urlRewrite !== undefined)?.urlRewrite;
  const host = rewrite?.hostname ?? request.host ?? '';
  if (rewrite?.path === undefined) return { path: request.path, host };
  if (rewrite.path.type === 'ReplaceFullPath') return { path: rewrite.path.replaceFullPath ?? '', host };
  return { path: replacePrefix(request.path, match.path?.value ?? '/', rewrite.path.replacePrefixMatch ?? ''), host };
}

/** The table at `ReplacePrefixMatch`. */
export function replacePrefix(path: string, prefix: string, replacement: string): string {
  const rest = path.slice(prefix.replace(/\/$/, '').length);
  const result = replacement.replace(/\/$/, '') + rest;
  return result === '' ? '/' : result;
}

function nameOf({ namespace, name, port }: BackendRef): string {
  return `${namespace === undefined ? '' : `${namespace}/`}${name}:${port}`;
}
