import * as path from 'node:path';
import type { ListrTask } from 'listr2';
import { Conversation } from './conversation';
import { Deployment } from './deployment';
import { Emulator } from './emulator';
import { StepFailure } from './failure';
import { featureSteps } from './feature-steps';
import type { Journey, RunOptions } from './journey';
import { startKubernetes } from './kubernetes';
import { keepSteps, modelSteps } from './model-steps';
import { addressesFrom } from './platform-addresses';
import { needed, step } from './step';
import { PROJECT } from './surroundings';
import { imagesFile, synthesize } from './synthesis';
import { findPythonEnvironment, pythonEnvironment } from '../toolchain/python-environment';

/** Everything that a run does, in order. */
export function stepsOf(options: RunOptions): Array<ListrTask<Journey>> {
  const features = options.app !== undefined || options.stacks === 'features' ? featureSteps() : [];
  return [...platformSteps(options), ...modelSteps(), ...features.map(unlessAbsent), ...(options.keep ? keepSteps() : [])];
}

/** Steps that an app without features passes by. */
function unlessAbsent(task: ListrTask<Journey>): ListrTask<Journey> {
  return { ...task, skip: journey => journey.addresses?.features === undefined && 'the stacks have no outputs of a feature store' };
}

function platformSteps(options: RunOptions): Array<ListrTask<Journey>> {
  return [
    step('Python environment', prepareTools),
    step(`Synthesize ${options.app ?? `stacks/${options.stacks}`}`, async journey => {
      // an API server has to be there before the emulator; without one the emulator starts meanwhile
      if (!options.kubernetes) journey.embedded = embedded(journey);
      journey.assembly = await synthesize(journey.run, journey.supervisor, options.app ?? path.join(PROJECT, 'stacks', options.stacks, 'app.ts'));
      return counted(journey.assembly.stacks.length, 'stack');
    }),
    ...(options.kubernetes ? [step('Start a Kubernetes API server', async (journey, tell) => {
      journey.kubernetes = await startKubernetes(journey.run, journey.supervisor, needed(journey.assembly).directory, tell);
      return journey.kubernetes.available ? journey.kubernetes.url : `not here, charts are recorded only: ${journey.kubernetes.reason}`;
    })] : []),
    step('Start the embedded AWS, with the CDK bootstrap stack', async journey => {
      await (journey.embedded ?? embedded(journey));
      return needed(journey.emulator).endpoint;
    }),
    step('Deploy the stacks with the CDK CLI', async (journey, tell) => {
      journey.outputs = await deploymentOf(journey, tell).deploy(needed(journey.assembly));
      journey.addresses = addressesFrom(journey.outputs, needed(journey.emulator));
      await needed(journey.conversation).meet(journey.addresses);
      return needed(journey.assembly).stacks.join(', ');
    }),
  ];
}

/** The emulator, what the CDK deploys through, and the process that will live on it. */
function embedded(journey: Journey): Promise<void> {
  const start = async (): Promise<void> => {
    const { available: _, ...kubernetes } = journey.kubernetes?.available ? journey.kubernetes : { available: false };
    journey.emulator = await Emulator.start(journey.run, journey.supervisor, {
      python: journey.python,
      images: imagesFile(journey.run),
      kubernetes: 'kubeconfig' in kubernetes ? kubernetes : undefined,
    });
    await deploymentOf(journey, () => undefined).bootstrap();
    journey.conversation = new Conversation(journey.run, journey.supervisor, journey.python, journey.emulator);
  };
  const started = start();
  started.catch(() => undefined); // whoever waits for it hears of it
  return started;
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
  return new Deployment(journey.run, journey.supervisor, needed(journey.emulator), tell);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
