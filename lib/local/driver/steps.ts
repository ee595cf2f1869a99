import * as path from 'node:path';
import type { ListrTask } from 'listr2';
import { type Facts, Conversation } from './conversation';
import { Deployment, type StackOutputs } from './deployment';
import { Emulator } from './emulator';
import { StepFailure } from './failure';
import { startKubernetes, type KubernetesOutcome } from './kubernetes';
import { addressesFrom, type PlatformAddresses } from './platform-addresses';
import { EmulatorReport } from './report';
import type { Run } from './run';
import type { Supervisor } from './supervisor';
import { PROJECT } from './surroundings';
import { synthesize, type Assembly } from './synthesis';
import { findPythonEnvironment, pythonEnvironment } from '../toolchain/python-environment';

/** What is asked for. */
export interface RunOptions {
  readonly stacks: string;
  /** File of another CDK app. @default - stacks/<stacks>/app.ts */
  readonly app?: string;
  readonly kubernetes: boolean;
  readonly keep: boolean;
}

/** What the steps leave for each other and for the table at the end. */
export interface Journey {
  readonly run: Run;
  readonly supervisor: Supervisor;
  readonly options: RunOptions;
  /** Whether progress within a step is shown. */
  readonly chatty: boolean;
  python: string;
  kubernetes?: KubernetesOutcome;
  assembly?: Assembly;
  emulator?: Emulator;
  conversation?: Conversation;
  outputs: StackOutputs;
  addresses?: PlatformAddresses;
  /** What each step of the model life found out, by name. */
  readonly facts: Record<string, Facts>;
  /** How long each step took, in seconds, in order. */
  readonly durations: Array<readonly [title: string, seconds: number]>;
}

interface Output { title: string; output: string }
type Body = (journey: Journey, tell: (line: string) => void) => Promise<string>;

/** A step: its name while it runs; what it says about itself when it is done. */
function step(title: string, body: Body): ListrTask<Journey> {
  return {
    title,
    task: async (journey, task: Output) => {
      const started = performance.now();
      const said = await body(journey, line => { if (journey.chatty) task.output = line; });
      journey.supervisor.check();
      task.title = `${title}: ${said}`;
      journey.durations.push([title, (performance.now() - started) / 1_000]);
    },
  };
}

/** A step of the model life. */
function lifeStep(
  title: string, key: string, name: string,
  args: (journey: Journey) => Record<string, unknown>, say: (facts: Facts, journey: Journey) => string,
): ListrTask<Journey> {
  return step(title, async (journey, tell) => {
    const facts = await needed(journey.conversation).step(name, args(journey), tell);
    journey.facts[key] = facts;
    return say(facts, journey);
  });
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step ran before the step that it needs');
  return value;
}

/** Everything that a run does, in order. */
export function stepsOf(options: RunOptions): Array<ListrTask<Journey>> {
  return [...platformSteps(options), ...modelSteps(), ...(options.keep ? keepSteps() : [])];
}

function platformSteps(options: RunOptions): Array<ListrTask<Journey>> {
  return [
    step('Python environment', prepareTools),
    step(`Synthesize ${options.app ?? `stacks/${options.stacks}`}`, async journey => {
      journey.assembly = await synthesize(journey.run, journey.supervisor, options.app ?? path.join(PROJECT, 'stacks', options.stacks, 'app.ts'));
      return counted(journey.assembly.stacks.length, 'stack');
    }),
    ...(options.kubernetes ? [step('Start a Kubernetes API server', async (journey, tell) => {
      journey.kubernetes = await startKubernetes(journey.run, journey.supervisor, needed(journey.assembly).directory, tell);
      return journey.kubernetes.available ? journey.kubernetes.url : `not here, charts are recorded only: ${journey.kubernetes.reason}`;
    })] : []),
    step('Start the embedded AWS', async journey => {
      const { available: _, ...kubernetes } = journey.kubernetes?.available ? journey.kubernetes : { available: false };
      journey.emulator = await Emulator.start(journey.run, journey.supervisor, {
        python: journey.python,
        images: needed(journey.assembly).images,
        kubernetes: 'kubeconfig' in kubernetes ? kubernetes : undefined,
      });
      journey.conversation = new Conversation(journey.run, journey.supervisor, journey.python, journey.emulator);
      return journey.emulator.endpoint;
    }),
    step('Deploy the CDK bootstrap stack', async (journey, tell) => {
      await deploymentOf(journey, tell).bootstrap();
      return 'bucket, repository and roles';
    }),
    step('Deploy the stacks with the CDK CLI', async (journey, tell) => {
      journey.outputs = await deploymentOf(journey, tell).deploy();
      journey.addresses = addressesFrom(journey.outputs, needed(journey.emulator));
      await needed(journey.conversation).meet(journey.addresses);
      return needed(journey.assembly).stacks.join(', ');
    }),
  ];
}

function modelSteps(): Array<ListrTask<Journey>> {
  const version = (key: string) => (journey: Journey) => ({ version: journey.facts[key].version });
  return [
    lifeStep('Write the data set to the Iceberg table', 'lake', 'lake', () => ({}), facts =>
      `${facts.rows} rows in ${facts.table}, read back`),
    lifeStep('Ask the registry', 'registry', 'registry', () => ({}), (facts, journey) =>
      `MLflow ${facts.mlflow} answers, on ${EmulatorReport.read(journey.run).of('database').map(entry => entry.detail).join(', ') || 'no database'}`),
    lifeStep('Train and register a first model', 'train1', 'train', () => ({ candidate: 1 }), trained),
    lifeStep('Promote the first model', 'promote1', 'promote', version('train1'), facts =>
      `version ${facts.version} answers ${facts.compared} rows as scikit-learn does`),
    lifeStep('Train and register a second model', 'train2', 'train', () => ({ candidate: 2 }), trained),
    lifeStep('Promote the second model', 'promote2', 'switch', version('train2'), facts =>
      `version ${facts.version} answers after ${facts.answer_seconds} s, same process`),
    lifeStep('Roll back', 'rollback1', 'rollback', () => ({ reason: 'rehearsal' }), rolledBack),
    lifeStep('Stop MLflow', 'stopped', 'stop-registry', () => ({}), facts => `version ${facts.version} goes on answering`),
    lifeStep('Promote the second model again, without MLflow', 'promote3', 'promote-without-registry', version('train2'), facts =>
      `version ${facts.version} answers after ${facts.answer_seconds} s`),
    lifeStep('Roll back without MLflow', 'rollback2', 'rollback', () => ({ reason: 'rehearsal without MLflow' }), rolledBack),
  ];
}

function keepSteps(): Array<ListrTask<Journey>> {
  return [lifeStep('Start MLflow again', 'restarted', 'start-registry', () => ({}), facts => `MLflow ${facts.mlflow} answers`)];
}

async function prepareTools(journey: Journey, tell: (line: string) => void): Promise<string> {
  const lock = path.join(PROJECT, 'lib', 'local', 'requirements.lock');
  const known = findPythonEnvironment(lock).available;
  if (!known) tell('installing MLflow, scikit-learn, the emulator and what they need; this happens once');
  const environment = await Promise.race([pythonEnvironment(lock), journey.supervisor.interrupted]);
  if (!environment.available) throw new StepFailure(environment.reason);
  journey.python = environment.python;
  return known ? 'found in the cache' : 'installed in the cache';
}

function deploymentOf(journey: Journey, tell: (line: string) => void): Deployment {
  return new Deployment(journey.run, journey.supervisor, needed(journey.emulator), needed(journey.assembly), tell);
}

function trained(facts: Facts): string {
  return `version ${facts.version}, ${facts.estimator}, accuracy ${facts.accuracy}`;
}

/** When the promise of a second was missed, that is said too. */
function rolledBack(facts: Facts): string {
  const late = facts.in_time ? '' : `, later than the promised second, with a load of ${facts.load} on this machine`;
  return `version ${facts.version} answers after ${facts.seconds} s${late}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
