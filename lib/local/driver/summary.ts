import * as fs from 'node:fs';
import * as path from 'node:path';
import Table from 'cli-table3';
import type { Facts } from './conversation';
import type { Journey } from './journey';
import { EmulatorReport, type ReportEntry } from './report';
import { PROJECT, REGION, shortPath } from './surroundings';

type Row = readonly [string, string];

/** The tables at the end of a run. */
export function summaryOf(journey: Journey, seconds: number): string {
  const report = EmulatorReport.read(journey.run);
  return [
    table('Created by CloudFormation', created(report)),
    table('Only stubbed: accepted, nothing stands behind it', stubbed(report)),
    table('Ran for real', ranForReal(journey, report)),
    table('Could not run here', notRun(journey, report)),
    table('Figures', figures(journey, seconds)),
  ].filter(Boolean).join('\n\n');
}

function created(report: EmulatorReport): Row[] {
  return report.stacks.map((stack): Row => {
    const kinds = (['emulated', 'stubbed', 'recorded', 'applied'] as const).map(kind => [kind, report.counts(kind, stack)] as const);
    const totals = kinds.map(([kind, counts]) => [kind, counts.reduce((sum, [, count]) => sum + count, 0)] as const);
    const types = kinds.flatMap(([, counts]) => counts);
    return [
      `${stack}\n${totals.filter(([, total]) => total > 0).map(([kind, total]) => `${total} ${kind}`).join(', ')}`,
      types.map(([type, count]) => `${type.replace(/^AWS::/, '')} ${count}`).join(', '),
    ];
  });
}

function stubbed(report: EmulatorReport): Row[] {
  const why = new Map(report.of('stubbed').map(entry => [entry.type, entry.detail]));
  return report.counts('stubbed').map(([type, count]) => [`${type} ${count}`, why.get(type) ?? '']);
}

function ranForReal(journey: Journey, report: EmulatorReport): Row[] {
  const { facts } = journey;
  const rows: Row[] = [
    ['MLflow', `${facts.registry.mlflow}, served by ${commandOf(report, 'registry-server')} behind the emulated load balancer`],
    ...report.of('database').filter(isPostgres).map((entry): Row => ['PostgreSQL', `${postgresVersion(journey)}, ${entry.detail.replace(/^PostgreSQL /, '')}, for ${entry.stack}`]),
    ...report.of('database').filter(entry => !isPostgres(entry)).map((entry): Row => ['SQLite', entry.detail]),
    ['Iceberg', `pyiceberg ${facts.lake.pyiceberg}: ${facts.lake.rows} rows of ${facts.lake.columns} columns in ${facts.lake.table}, tagged ${facts.lake.tag}`],
    ['Training', `scikit-learn ${facts.train1.scikit_learn}: ${candidates(facts)}`],
    ['Model server', `${commandOf(report, 'serve')}, one process for ${facts.rollback2.sequence} releases`],
    ['Versions answered', `${['promote1', 'promote2', 'rollback1', 'promote3', 'rollback2'].map(key => facts[key].version).join(' → ')}, each as scikit-learn itself predicts (largest difference ${largestDifference(facts)})`],
    ...featureRows(facts),
    ['CDK CLI', `${packageVersion('aws-cdk')}, ${journey.assembly?.stacks.join(', ')}`],
  ];
  const { kubernetes } = journey;
  if (kubernetes?.available) rows.push(['Kubernetes', `kube-apiserver ${kubernetes.version} on ${kubernetes.url}: ${applied(report)}`]);
  return rows;
}

/** What ran on stacks/features; nothing elsewhere. */
function featureRows({ rows, travel, materialized, training, online, refused }: Journey['facts']): Row[] {
  if (!refused) return [];
  return [
    ['Great Expectations', `${rows.great_expectations}, with the checks of the contract: ${rows.rows} rows pass; of the bad ones fail ${refused.names}`],
    ['Evolution', `tables-migrate added ${travel.column}; the tag ${travel.tag} reads ${travel.tagged} of ${travel.rows} rows, as they were`],
    ['Feast', `${training.feast}, on PostgreSQL: apply and materialization as ECS tasks, ${materialized.items} items in DynamoDB; ${training.rows} rows for training and ${online.compared} look-ups equal pandas`],
  ];
}

function notRun(journey: Journey, report: EmulatorReport): Row[] {
  const rows: Row[] = report.of('not-run').map(entry => [`${entry.type} ${entry.logicalId}`, entry.detail]);
  for (const entry of report.of('recorded')) rows.push([`${entry.stack}\n${entry.logicalId}`, entry.detail]);
  for (const entry of report.of('database').filter(found => !isPostgres(found))) rows.push(['PostgreSQL', entry.detail]);
  if (journey.kubernetes && !journey.kubernetes.available) rows.push(['Kubernetes', journey.kubernetes.reason]);
  return rows;
}

function figures(journey: Journey, seconds: number): Row[] {
  const { facts } = journey;
  return [
    ['Roll back, first answer', rollback(facts.rollback1)],
    ['Roll back with MLflow stopped, first answer', rollback(facts.rollback2)],
    ['New version, first answer after promotion', `${facts.promote2.answer_seconds} s`],
    ...journey.durations.map(([title, duration]): Row => [title, `${duration.toFixed(1)} s`]),
    ['Everything', `${seconds.toFixed(1)} s`],
  ];
}

function rollback(facts: Facts): string {
  const late = facts.in_time ? '' : `; promised is less than 1 s, the load of this machine was ${facts.load}`;
  return `${facts.seconds} s (conditional write ${facts.write_seconds} s${late})`;
}

/** What --keep prints: where everything is, and how a shell gets there. */
export function keptText(journey: Journey): string {
  const { addresses, emulator, run, kubernetes } = journey;
  if (!addresses || !emulator) return '';
  const environment: Record<string, string> = {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    MLFLOW_TRACKING_URI: addresses.tracking_uri,
    MLFLOW_ARTIFACTS_DESTINATION: addresses.artifacts,
    ML_RELEASE_TABLE: addresses.release_table,
    ...(kubernetes?.available ? { KUBECONFIG: kubernetes.kubeconfig } : {}),
  };
  const places: Record<string, string> = {
    'AWS': emulator.endpoint,
    'MLflow': addresses.tracking_uri,
    'Model service': `${addresses.service_uri}/v2/models/${addresses.model}`,
    'Python': journey.python,
    'Logs': `${shortPath(run.logs)} and ${shortPath(run.path('emulator', 'logs'))}`,
    ...(kubernetes?.available ? { Kubernetes: kubernetes.url } : {}),
  };
  run.update({ addresses: places, environment });
  return [
    '', table(`Run ${run.id} stays`, Object.entries(places)), '',
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`), '',
    'Try:',
    `  curl ${places['Model service']}`,
    `  PYTHONPATH=${quoted(path.join(PROJECT, 'lib', 'runtime', 'src'))} ${journey.python} -m ml_platform_runtime show --model ${addresses.model}`, '',
    `End it with: npm run local -- destroy ${run.id}`, '',
  ].join('\n');
}

function isPostgres(entry: ReportEntry): boolean {
  return entry.detail.startsWith('PostgreSQL');
}

function commandOf(report: EmulatorReport, command: string): string {
  const started = report.of('process').filter(entry => entry.detail.includes(`ml_platform_runtime ${command}`));
  return `python -m ml_platform_runtime ${command} (${started.length === 1 ? '1 process' : `${started.length} processes, one after the other`})`;
}

/** Major version of the data that the server wrote. */
function postgresVersion(journey: Journey): string {
  const folder = journey.run.path('emulator', 'postgres');
  const versions = fs.existsSync(folder) ? fs.readdirSync(folder).map(name => path.join(folder, name, 'PG_VERSION')).filter(file => fs.existsSync(file)) : [];
  return versions.map(file => fs.readFileSync(file, 'utf8').trim())[0] ?? 'version unknown';
}

function candidates(facts: Readonly<Record<string, Facts>>): string {
  return ['train1', 'train2'].map(key => `${facts[key].estimator}, accuracy ${facts[key].accuracy}`).join('; ');
}

function largestDifference(facts: Readonly<Record<string, Facts>>): number {
  return Math.max(...Object.values(facts).map(fact => Number(fact.largest_difference ?? 0)));
}

function applied(report: EmulatorReport): string {
  const details = report.of('applied').map(entry => `${entry.stack}/${entry.logicalId} ${entry.detail}`);
  return details.length === 0 ? 'the stacks have no charts' : `${details.length} applied: ${details.join('; ')}`;
}

function packageVersion(name: string): string {
  return JSON.parse(fs.readFileSync(path.join(PROJECT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

function quoted(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`;
}

/** A titled table as wide as the terminal; empty without rows. */
function table(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const width = Math.max(80, Math.min(process.stdout.columns ?? 120, 140));
  const first = Math.min(46, Math.max(...rows.flatMap(([name]) => name.split('\n').map(line => line.length))) + 2);
  const body = new Table({ colWidths: [first, width - first - 3], wordWrap: true, style: { head: [], border: [] }, chars: { 'mid': '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  for (const row of rows) body.push([...row]);
  return `${title}\n${body.toString()}`;
}
