import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entryName } from './cache';
import { onPath, run } from './commands';
import type { Tool } from './tool';
import { PlatformVersion } from '../../core/versions';

const PINS = join(__dirname, 'go/charts');
/** Counts changes of what `finish` does. */
const FINISHING = '2';

/** The modules that hold charts of the platform, and where in them each chart stands. */
const MODULES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'github.com/aws/karpenter-provider-aws': { 'karpenter': 'charts/karpenter', 'karpenter-crd': 'charts/karpenter-crd' },
  'github.com/cert-manager/cert-manager': { 'cert-manager': 'deploy/charts/cert-manager' },
  'github.com/envoyproxy/gateway': { 'envoy-gateway-helm': 'charts/gateway-helm', 'envoy-gateway-crds-helm': 'charts/gateway-crds-helm' },
  'github.com/kserve/kserve': {
    'kserve-crd': 'charts/kserve-crd',
    'kserve-resources': 'charts/kserve-resources',
    'kserve-runtime-configs': 'charts/kserve-runtime-configs',
    'kserve-llmisvc-crd': 'charts/kserve-llmisvc-crd',
    'kserve-llmisvc-resources': 'charts/kserve-llmisvc-resources',
  },
};

/**
 * Charts of the platform version as their own projects keep them at the release's tag, out of the archives of their Go modules.
 * `chart-<name>` is a folder for helm. What a project's release tool adds is added here: the version, and images in values.
 */
export function goCharts(): Tool[] {
  return Object.entries(MODULES).flatMap(([module, charts]) => Object.entries(charts).map(([name, path]) => goChart(name, module, path)));
}

function goChart(name: string, module: string, path: string): Tool {
  const { version } = PlatformVersion.all().slice(-1)[0].chart(name);
  const tag = `v${version.replace(/^v/, '')}`;
  const tool = `chart-${name}`;
  return {
    name: tool,
    variable: `ML_PLATFORM_${tool.toUpperCase().replace(/-/g, '_')}`,
    version,
    binary: name,
    entry: () => entryName(tool, [module, tag, path, pinOf(module, tag), FINISHING]),
    obstacle: () => onPath('go') === undefined ? 'Go is needed to fetch it and is not on PATH' : undefined,
    make: async (folder) => {
      if (pinOf(module, tag) === '') throw new Error(`go/charts/go.sum says nothing about ${module} ${tag}; add what go mod download -json says`);
      // fails if the archive is not what go.sum says
      const answer = await run('go', ['mod', 'download', '-json', `${module}@${tag}`], { cwd: PINS, env: { ...process.env, GOFLAGS: '-mod=readonly' } });
      const { Dir } = JSON.parse(answer) as { Dir: string };
      await cp(join(Dir, path), join(folder, name), { recursive: true });
      await makeWritable(join(folder, name));
      await finish(join(folder, name), version);
    },
  };
}

/** What the release tools of these projects do before they package a chart; digests of images are theirs alone. */
async function finish(chart: string, version: string): Promise<void> {
  await rewrite(join(chart, 'Chart.yaml'), text => text.replace(/^(version|appVersion):.*$/gm, `$1: ${version}`));
  const [template, values] = [join(chart, 'values.tmpl.yaml'), join(chart, 'values.yaml')];
  if (existsSync(template)) await rename(template, values);
  if (!existsSync(values)) return;
  await rewrite(values, text => text
    .replaceAll('${GatewayImage}', `docker.io/envoyproxy/gateway:${version}`).replaceAll('${GatewayImagePullPolicy}', 'IfNotPresent')
    .replace(/tag: \S+(\n.*\n +digest:) sha256:\w+/, `tag: ${version}$1 ""`));
}

async function rewrite(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

function pinOf(module: string, tag: string): string {
  const lines = readFileSync(join(PINS, 'go.sum'), 'utf8').split('\n');
  return lines.find(line => line.startsWith(`${module} ${tag} `)) ?? '';
}

/** Go's cache holds files that nobody may write. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeWritable(path);
    else await chmod(path, 0o644);
  }
}
