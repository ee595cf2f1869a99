import * as os from 'node:os';
import * as path from 'node:path';

/** The repository (or package) that holds `lib/local`. */
export const PROJECT = path.resolve(__dirname, '..', '..', '..');

/** Account of everything that is deployed to the emulator. */
export const ACCOUNT = '000000000000';

/** Region of everything that is deployed to the emulator. */
export const REGION = 'us-east-1';

/** Installed packages are compiled already; the project's own sources leave nothing beside them. */
export const PYTHON_SWITCHES: Readonly<Record<string, string>> = { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };

/** Environment variables of other people's tools that would change what a run does, or lead it to a real account. */
const FOREIGN = /^(AWS_|CDK_|ML_|MLFLOW_|PYTHON|VIRTUAL_ENV$|NODE_OPTIONS$|NODE_PATH$|npm_|POSTGRES|PG[A-Z]+$|KUBECONFIG$|HELM_|TMPDIR$|HOME$|XDG_)/;

/** The caller's environment without all that would change what a run does: credentials, profiles, Python and Node switches. */
export function cleanEnvironment(from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && !FOREIGN.test(name)) clean[name] = value;
  }
  const local = ['127.0.0.1', 'localhost'];
  const direct = [clean.NO_PROXY ?? clean.no_proxy, ...local].filter(Boolean).join(',');
  return { ...clean, NO_PROXY: direct, no_proxy: direct };
}

/** What an AWS client needs to talk to the emulator and to nothing else. */
export function awsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** How a long path is shown: the home folder as `~`. */
export function shortPath(file: string): string {
  const home = os.homedir();
  return home && home !== '/' && file.startsWith(home + path.sep) ? `~${file.slice(home.length)}` : file;
}
