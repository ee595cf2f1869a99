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

/** Deploys with the ordinary CDK CLI; only the address of AWS is another one. */
export class Deployment {
  constructor(
    private readonly run: Run,
    private readonly supervisor: Supervisor,
    private readonly emulator: Emulator,
    private readonly assembly: Assembly,
    private readonly onLine: (line: string) => void,
  ) {}

  /** Makes the bucket, repository and roles that the CDK deploys through. */
  public async bootstrap(): Promise<void> {
    const args = ['bootstrap', `aws://${ACCOUNT}/${REGION}`];
    await this.cdk('bootstrap', args, this.run.path('tmp'), 'the CDK bootstrap stack cannot be deployed');
  }

  /** Deploys all stacks and returns their outputs. */
  public async deploy(): Promise<StackOutputs> {
    const outputs = this.run.path('outputs.json');
    await this.cdk('deploy', [
      'deploy', '--all', '--app', this.assembly.directory, '--require-approval', 'never', '--concurrency', '4', '--method', 'direct',
      '--progress', 'events', '--outputs-file', outputs,
    ], this.run.path('tmp'), 'the stacks cannot be deployed');
    return fs.existsSync(outputs) ? JSON.parse(fs.readFileSync(outputs, 'utf8')) : {};
  }

  private async cdk(name: string, args: string[], cwd: string, failure: string): Promise<void> {
    await this.supervisor.run(process.execPath, [CDK, ...args, '--no-notices', '--no-color', '--ci'], {
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
