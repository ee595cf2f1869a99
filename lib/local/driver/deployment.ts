import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Emulator } from './emulator';
import type { Run } from './run';
import type { Supervisor } from './supervisor';
import { ACCOUNT, awsEnvironment, cleanEnvironment, PROJECT, REGION } from './surroundings';
import type { Assembly } from './synthesis';

/** Outputs of each stack by name. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

const CDK = path.join(PROJECT, 'node_modules', 'aws-cdk', 'bin', 'cdk');

/**
 * The CDK CLI sleeps five seconds between two looks at a stack, and has no option for it: made for AWS, where a stack takes minutes.
 * A sleep is a timer that resolves a promise and does nothing else; time limits of requests are left as they are.
 */
export const SHORT_SLEEPS = `data:text/javascript,${encodeURIComponent(`
  const wait = globalThis.setTimeout;
  const shorter = (then, ms, ...args) => wait(then, ms === 5000 && /native code/.test(Function.prototype.toString.call(then)) ? 250 : ms, ...args);
  globalThis.setTimeout = Object.defineProperties(shorter, Object.getOwnPropertyDescriptors(wait));
`)}`;

/** Deploys with the ordinary CDK CLI; only the address of AWS is another one. */
export class Deployment {
  constructor(
    private readonly run: Run,
    private readonly supervisor: Supervisor,
    private readonly emulator: Emulator,
    private readonly onLine: (line: string) => void,
  ) {}

  /** Makes the bucket, repository and roles that the CDK deploys through. */
  public async bootstrap(): Promise<void> {
    const args = ['bootstrap', `aws://${ACCOUNT}/${REGION}`];
    await this.cdk('bootstrap', args, this.run.path('tmp'), 'the CDK bootstrap stack cannot be deployed');
  }

  /** Deploys all stacks and returns their outputs. */
  public async deploy(assembly: Assembly): Promise<StackOutputs> {
    const outputs = this.run.path('outputs.json');
    await this.cdk('deploy', [
      'deploy', '--all', '--app', assembly.directory, '--require-approval', 'never', '--concurrency', '4', '--method', 'direct',
      '--progress', 'events', '--outputs-file', outputs,
    ], this.run.path('tmp'), 'the stacks cannot be deployed');
    return fs.existsSync(outputs) ? JSON.parse(fs.readFileSync(outputs, 'utf8')) : {};
  }

  private async cdk(name: string, args: string[], cwd: string, failure: string): Promise<void> {
    await this.supervisor.run(process.execPath, ['--import', SHORT_SLEEPS, CDK, ...args, '--no-notices', '--no-color', '--ci'], {
      cwd,
      env: {
        ...cleanEnvironment(),
        ...awsEnvironment(this.emulator.endpoint),
        HOME: this.run.path('home'),
        TMPDIR: this.run.path('tmp'),
        CDK_HOME: this.run.path('home', '.cdk'),
        CDK_DISABLE_VERSION_CHECK: '1',
        CDK_DISABLE_CLI_TELEMETRY: 'true',
      },
      log: this.run.log(name),
      onLine: this.onLine,
      failure,
    });
  }
}
