/** Colours of one theme. */
export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly room: string;
  readonly roomLine: string;
  readonly node: string;
  readonly record: string;
  readonly recordText: string;
}

export const THEMES: Record<string, Theme> = {
  light: { text: '#1f2328', muted: '#59636e', line: '#6e7781', room: '#f6f8fa', roomLine: '#d1d9e0', node: '#ffffff', record: '#ddf4ff', recordText: '#0550ae' },
  dark: { text: '#e6edf3', muted: '#9198a1', line: '#8b949e', room: '#161b22', roomLine: '#3d444d', node: '#0d1117', record: '#12304f', recordText: '#79c0ff' },
};

const node = (id: string, title: string, detail: string, extra = '') => `${id} [label=<<b>${title}</b><br/><font point-size="10">${detail}</font>>${extra}];`;

/** The platform in Graphviz's language. */
export function platform(theme: Theme): string {
  const room = (name: string, title: string, body: string) => `
    subgraph cluster_${name} {
      label=<<b>${title}</b>>; labeljust=l; fontsize=12; fontcolor="${theme.muted}";
      style="filled,rounded"; fillcolor="${theme.room}"; color="${theme.roomLine}"; margin=14;
      ${body}
    }`;
  return `digraph platform {
    rankdir=LR; bgcolor=transparent; nodesep=0.28; ranksep=0.42; fontname="Helvetica";
    node [shape=box style="filled,rounded" fontname="Helvetica" fontsize=13 fontcolor="${theme.text}" fillcolor="${theme.node}" color="${theme.roomLine}" margin="0.16,0.09"];
    edge [fontname="Helvetica" fontsize=10 fontcolor="${theme.muted}" color="${theme.line}" arrowsize=0.7];

    ${node('people', 'People and jobs', 'train, log, register')}
    ${node('apps', 'Applications', 'ask for predictions')}
    ${node('role', 'Lifecycle role', 'the only one that may promote')}

    ${room('network', 'network', node('alb', 'Internal load balancer', 'one per network, by host name'))}
    ${room('registry', 'registry', `
      ${node('mlflow', 'MLflow server', 'Fargate, migrates under a lock')}
      ${node('db', 'PostgreSQL', 'RDS, encrypted, kept')}
      ${node('release', 'Release record', 'DynamoDB, compare-and-swap', ` fillcolor="${theme.record}" fontcolor="${theme.recordText}" color="${theme.recordText}"`)}`)}
    ${room('data', 'data', `
      ${node('artifacts', 'Artifacts', 'S3')}
      ${node('lake', 'Lake zones', 'S3: raw, processed, curated')}
      ${node('tables', 'Iceberg tables', 'Glue catalogue')}`)}
    ${room('serving', 'serving', node('service', 'Model service', 'Fargate, Open Inference Protocol'))}
    ${room('cluster', 'cluster', `
      ${node('eks', 'EKS cluster', 'private endpoint, pinned add-ons')}
      ${node('charts', 'Manifests as Helm charts', 'order from the add-on graph')}
      ${node('drain', 'Drain', 'a destroy that ends')}`)}

    apps -> alb; people -> alb;
    alb -> service; alb -> mlflow;
    service -> release [label="follows"];
    service -> artifacts [label="loads"];
    mlflow -> db; mlflow -> artifacts;
    tables -> lake;
    people -> tables [label="append, read"];
    role -> release [label="promotes, rolls back"];
    eks -> charts -> drain [arrowhead=none style=dashed];
  }`;
}
