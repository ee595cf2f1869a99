import * as http from 'node:http';
import * as path from 'node:path';
import getPort from 'get-port';
import { StepFailure } from './failure';
import type { Run } from './run';
import { exitOf, type Supervisor } from './supervisor';
import { ACCOUNT, cleanEnvironment, PROJECT, PYTHON_SWITCHES, REGION } from './surroundings';

/** The Python packages of the project, used from their sources. */
export const PYTHON_SOURCES = [
  path.join(PROJECT, 'lib', 'local', 'emulator'),
  path.join(PROJECT, 'lib', 'local', 'life'),
  path.join(PROJECT, 'lib', 'runtime', 'src'),
].join(path.delimiter);

/** What the emulator needs to know. */
export interface EmulatorOptions {
  /** Interpreter of the environment that has all that the project's Python needs. */
  readonly python: string;
  /** File that says which image asset is which of our images. */
  readonly images: string;
  /** A real API server for charts and manifests. @default - recorded only */
  readonly kubernetes?: { readonly kubeconfig: string; readonly helm: string };
}

const READY_MS = 60_000;
const ATTEMPTS = 3;

/** The embedded AWS: one process group on 127.0.0.1. */
export class Emulator {
  /** Starts the emulator on a free port and returns when it answers. */
  public static async start(run: Run, supervisor: Supervisor, options: EmulatorOptions): Promise<Emulator> {
    for (let attempt = 1; ; attempt++) {
      const emulator = new Emulator(await getPort({ host: '127.0.0.1' }));
      const child = supervisor.start(options.python, ['-m', 'ml_platform_emulator'], {
        cwd: run.path('tmp'),
        env: emulator.environment(run, options),
        log: run.log('emulator'),
        outlives: run.state.kept,
      });
      const ended = exitOf(child).then(code => `ended with exit code ${code}`);
      const problem = await Promise.race([emulator.waitUntilReady(), ended, supervisor.interrupted]);
      if (!problem) return emulator;
      // between the choice of a port and its use another run may have taken it
      if (problem.startsWith('ended') && attempt < ATTEMPTS) continue;
      throw new StepFailure(`the emulator ${problem}`, { log: run.log('emulator') });
    }
  }

  private constructor(public readonly port: number) {}

  /** Address of every emulated service. */
  public get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The emulated load balancers, as if the Host header were the host of `url`. */
  public frontDoor(url: string): string {
    const { hostname, pathname } = new URL(url);
    return `${this.endpoint}/_alb/${hostname}${pathname === '/' ? '' : pathname}`;
  }

  private environment(run: Run, options: EmulatorOptions): Record<string, string> {
    return {
      ...cleanEnvironment(),
      HOME: run.path('home'),
      TMPDIR: run.path('tmp'),
      PYTHONPATH: PYTHON_SOURCES,
      ...PYTHON_SWITCHES,
      NODE_PATH: path.join(PROJECT, 'node_modules'),
      GATEWAY_PORT: String(this.port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      MINISTACK_REGION: REGION,
      AWS_REGION: REGION,
      ML_EMULATOR_DIR: run.path('emulator'),
      ML_EMULATOR_PYTHON: options.python,
      ML_EMULATOR_IMAGES: options.images,
      // to see what a machine without PostgreSQL sees
      ...(process.env.ML_EMULATOR_NO_POSTGRES ? { ML_EMULATOR_NO_POSTGRES: process.env.ML_EMULATOR_NO_POSTGRES } : {}),
      ...(run.state.kept ? {} : { ML_EMULATOR_PARENT: String(process.pid) }),
      ...(options.kubernetes && {
        ML_EMULATOR_KUBECONFIG: options.kubernetes.kubeconfig,
        ML_EMULATOR_HELM: options.kubernetes.helm,
      }),
    };
  }

  /** Undefined when it answers, else what is wrong. */
  private async waitUntilReady(): Promise<string | undefined> {
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline) {
      if (await statusOf(`${this.endpoint}/_ministack/health`) === 200) return undefined;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    return `did not answer on ${this.endpoint} within ${READY_MS / 1000} s`;
  }
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const request = http.get(url, { timeout: 1_000 }, response => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', () => resolve(undefined));
    request.once('timeout', () => request.destroy());
  });
}
