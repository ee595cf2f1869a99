import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Run } from './run';
import type { Supervisor } from './supervisor';
import { ACCOUNT, cleanEnvironment, PROJECT, PYTHON_SWITCHES, REGION } from './surroundings';

/** A synthesized app. */
export interface Assembly {
  /** Folder of templates and assets. */
  readonly directory: string;
  /** Names of the stacks. */
  readonly stacks: string[];
}

/** What the emulator is told about an image of ours. */
export interface OwnImage {
  readonly image: 'runtime';
  readonly target: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The part of a cloud assembly's `*.assets.json` that is read. */
interface AssetManifest {
  readonly dockerImages?: Readonly<Record<string, { readonly source: { readonly directory?: string; readonly dockerBuildTarget?: string } }>>;
}

/** Synthesizes a CDK app as the CDK CLI would, without asking anybody for an account. */
export async function synthesize(run: Run, supervisor: Supervisor, app: string): Promise<Assembly> {
  const directory = run.path('cdk.out');
  await supervisor.run(process.execPath, ['--import', 'tsx', path.resolve(app)], {
    cwd: PROJECT,
    env: {
      ...cleanEnvironment(),
      HOME: run.path('home'),
      TMPDIR: run.path('tmp'),
      CDK_OUTDIR: directory,
      CDK_DEFAULT_ACCOUNT: ACCOUNT,
      CDK_DEFAULT_REGION: REGION,
      CDK_VALIDATION: 'false', // the conformance tests validate; here it would cost two seconds of every run
      CDK_CONTEXT_JSON: JSON.stringify({
        ...projectContext(),
        'aws:cdk:enable-path-metadata': true,
        'aws:cdk:version-reporting': false,
      }),
    },
    log: run.log('synthesis'),
    failure: `${app} cannot be synthesized`,
  });
  fs.writeFileSync(imagesFile(run), JSON.stringify(ownImages(directory), undefined, 2));
  return { directory, stacks: stackNames(directory) };
}

/** File for the emulator, which may be started first: asset hash of an image to what it is. */
export function imagesFile(run: Run): string {
  return run.path('images.json');
}

/** The context that the CDK CLI would take from cdk.json. */
function projectContext(): Record<string, unknown> {
  const file = path.join(PROJECT, 'cdk.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).context ?? {} : {};
}

/** Which image assets are the project's own runtime: those whose build context is lib/runtime. */
export function ownImages(assembly: string): Record<string, OwnImage> {
  const environment = { ...PYTHON_SWITCHES, PYTHONPATH: path.join(PROJECT, 'lib', 'runtime', 'src') };
  const images: Record<string, OwnImage> = {};
  for (const manifest of assetManifests(assembly)) {
    for (const [hash, image] of Object.entries(manifest.dockerImages ?? {})) {
      const context = image.source.directory;
      const ours = context !== undefined && fs.existsSync(path.resolve(assembly, context, 'src', 'ml_platform_runtime'));
      if (ours) images[hash] = { image: 'runtime', target: image.source.dockerBuildTarget ?? 'serving', environment };
    }
  }
  return images;
}

function assetManifests(assembly: string): AssetManifest[] {
  return fs.readdirSync(assembly).filter(name => name.endsWith('.assets.json'))
    .map(name => JSON.parse(fs.readFileSync(path.join(assembly, name), 'utf8')));
}

function stackNames(assembly: string): string[] {
  const manifest: { artifacts?: Record<string, { type: string; properties?: { stackName?: string } }> } =
    JSON.parse(fs.readFileSync(path.join(assembly, 'manifest.json'), 'utf8'));
  return Object.entries(manifest.artifacts ?? {})
    .filter(([, artifact]) => artifact.type === 'aws:cloudformation:stack')
    .map(([id, artifact]) => artifact.properties?.stackName ?? id);
}
