import { Agent, request } from 'node:https';

/** A Kubernetes object as it is written in a manifest. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Where an API server is and how it knows us. */
export interface KubernetesClientProps {
  /** `https://host:port`. */
  readonly url: string;
  readonly token: string;
  /** Gives the certificates that the server's own must descend from, PEM. Asked anew as long as it throws: the server writes them. */
  readonly certificateAuthority: () => string;
}

/** An answer of the API server. */
export interface KubernetesAnswer {
  readonly status: number;
  // JSON of any kind; for a failure it is a Status object with `message` and `reason`
  readonly body: { readonly message?: string; readonly reason?: string; readonly [field: string]: unknown };
  /** Texts of the `Warning` headers: deprecated versions, Pod Security. */
  readonly warnings: readonly string[];
}

/** What the server would do with an object. */
export interface DryRunResult {
  readonly accepted: boolean;
  /** The server's own words when it refuses. */
  readonly message?: string;
  readonly warnings: readonly string[];
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Plain HTTPS to an API server, over few connections that stay open. */
export class KubernetesClient {
  private agent?: Agent;
  private readonly props: KubernetesClientProps;
  private readonly resources = new Map<string, Promise<readonly ApiResource[]>>();

  constructor(props: KubernetesClientProps) {
    this.props = props;
  }

  /** One request. Fails only if there is no answer; a refusal is an answer. */
  async request(method: string, path: string, body?: object): Promise<KubernetesAnswer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      authorization: `Bearer ${this.props.token}`,
      accept: 'application/json',
      ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
    };
    this.agent ??= new Agent({ keepAlive: true, maxSockets: 8, ca: this.props.certificateAuthority() });
    const agent = this.agent;
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.props.url), { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({
          status: response.statusCode ?? 0,
          body: parsed(Buffer.concat(chunks).toString('utf8')),
          warnings: warningTexts(response.headersDistinct.warning ?? []),
        }));
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  /** Creates an object. Throws with the server's words if it is refused, unless it exists already. */
  async create(object: KubernetesObject): Promise<void> {
    const path = await this.collectionOf(object);
    if (path === undefined) throw new Error(noSuchKind(object));
    const { status, body } = await this.request('POST', path, object);
    if (status >= 300 && body.reason !== 'AlreadyExists') throw new Error(body.message ?? `status ${status}`);
  }

  /**
   * Whether the server would create this object: decoding is strict, defaults, schemas, CEL rules and admission all run.
   * The namespace of the object must exist. An object that exists already was checked before the server noticed that.
   */
  async dryRun(object: KubernetesObject): Promise<DryRunResult> {
    const path = await this.collectionOf(object);
    if (path === undefined) return { accepted: false, message: noSuchKind(object), warnings: [] };
    const { status, body, warnings } = await this.request('POST', `${path}?dryRun=All&fieldValidation=Strict`, object);
    if (status < 300 || body.reason === 'AlreadyExists') return { accepted: true, warnings };
    return { accepted: false, message: body.message ?? `status ${status}`, warnings };
  }

  /** Whether objects of this kind live in namespaces; undefined if the server does not know the kind. */
  async isNamespaced(object: KubernetesObject): Promise<boolean | undefined> {
    return (await this.resourceOf(object))?.namespaced;
  }

  /** Forgets which kinds there are, for example because new ones were defined. */
  forgetKinds(): void {
    this.resources.clear();
  }

  /** Closes the connections. */
  close(): void {
    this.agent?.destroy();
  }

  private async collectionOf(object: KubernetesObject): Promise<string | undefined> {
    const resource = await this.resourceOf(object);
    if (resource === undefined) return undefined;
    const namespace = resource.namespaced ? `/namespaces/${object.metadata?.namespace ?? 'default'}` : '';
    return `${rootOf(object.apiVersion)}${namespace}/${resource.name}`;
  }

  private async resourceOf(object: KubernetesObject): Promise<ApiResource | undefined> {
    let known = this.resources.get(object.apiVersion);
    if (known === undefined) {
      known = this.request('GET', rootOf(object.apiVersion)).then(({ status, body }) => status === 200 ? body.resources as ApiResource[] : []);
      this.resources.set(object.apiVersion, known);
    }
    return (await known).find(({ kind, name }) => kind === object.kind && !name.includes('/'));
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function noSuchKind(object: KubernetesObject): string {
  return `no matches for kind "${object.kind}" in version "${object.apiVersion}"`;
}

function parsed(text: string): KubernetesAnswer['body'] {
  try {
    return JSON.parse(text) as KubernetesAnswer['body'];
  } catch {
    return { message: text };
  }
}

/** `299 - "text"`, with quotes inside the text escaped. */
function warningTexts(headers: readonly string[]): string[] {
  return headers.flatMap(header => [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(match => (match[1] ?? '').replace(/\\(.)/g, '$1')));
}
