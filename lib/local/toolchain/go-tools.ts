import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryName } from './cache';
import { onPath, run } from './commands';
import type { Tool } from './tool';

const KUBERNETES = 'v1.36.3';
/** Without these the server states a version that clients cannot parse. */
const KUBERNETES_STAMP = ['gitVersion=v1.36.3', 'gitMajor=1', 'gitMinor=36'].map(pair => `-X k8s.io/component-base/version.${pair}`);

interface GoTool {
  readonly name: string;
  readonly version: string;
  /** Folder below `go/` with go.mod and go.sum, and sources where the program is our own. */
  readonly module: string;
  readonly goPackage: string;
  readonly linkerFlags?: readonly string[];
  /** Build tags. */
  readonly tags?: readonly string[];
  readonly onPath?: Tool['onPath'];
}

const GO_TOOLS: readonly GoTool[] = [
  {
    name: 'kube-apiserver',
    version: KUBERNETES,
    module: 'kubernetes',
    goPackage: 'k8s.io/kubernetes/cmd/kube-apiserver',
    linkerFlags: KUBERNETES_STAMP,
    onPath: { args: ['--version'], accepts: /v1\.36\.\d+/ },
  },
  { name: 'kube-scheduler', version: KUBERNETES, module: 'kubernetes', goPackage: 'k8s.io/kubernetes/cmd/kube-scheduler', linkerFlags: KUBERNETES_STAMP },
  {
    name: 'etcd',
    version: 'v3.6.8',
    module: 'etcd',
    goPackage: 'go.etcd.io/etcd/server/v3',
    onPath: { args: ['--version'], accepts: /3\.6\.\d+/ },
  },
  {
    name: 'tofu',
    version: 'v1.12.6',
    module: 'opentofu',
    goPackage: 'github.com/opentofu/opentofu/cmd/tofu',
    onPath: { args: ['version'], accepts: /v1\.12\.\d+/ },
  },
  // Karpenter with a cloud that exists on paper only: https://github.com/kubernetes-sigs/karpenter/tree/main/kwok
  { name: 'karpenter-kwok', version: 'v1.14.1', module: 'karpenter', goPackage: 'sigs.k8s.io/karpenter/kwok' },
  { name: 'cert-manager-processes', version: 'v1.21.1', module: 'cert-manager', goPackage: '.' },
  {
    name: 'promtool',
    version: 'v3.13.5',
    module: 'prometheus',
    goPackage: 'github.com/prometheus/prometheus/cmd/promtool',
    // it checks rules and asks nobody: without the clients of every cloud it builds in a third of the time
    tags: ['remove_all_sd'],
    onPath: { args: ['--version'], accepts: /promtool, version 3\.\d+/ },
  },
  { name: 'terraform-schema-provider', version: 'own', module: 'schema-provider', goPackage: '.' },
];

/** Programs that are built from their published Go modules, pinned by the go.sum files of this folder. */
export function goTools(): Tool[] {
  return GO_TOOLS.map(asTool);
}

function asTool(tool: GoTool): Tool {
  const module = join(__dirname, 'go', tool.module);
  const flags = ['-s', '-w', ...tool.linkerFlags ?? []].join(' ');
  const tags = tool.tags?.join(',') ?? '';
  return {
    name: tool.name,
    variable: `ML_PLATFORM_${tool.name.toUpperCase().replace(/-/g, '_')}`,
    version: tool.version,
    ...(tool.onPath ? { onPath: tool.onPath } : {}),
    binary: tool.name,
    entry: () => entryName(tool.name, [process.platform, process.arch, tool.goPackage, flags, ...tool.tags ?? [], ...sources(module)]),
    obstacle: () => onPath('go') === undefined ? 'Go is needed to build it and is not on PATH' : undefined,
    make: async (folder) => {
      const args = ['build', '-mod=readonly', '-buildvcs=false', '-tags', tags, '-ldflags', flags, '-o', join(folder, tool.name), tool.goPackage];
      await run('go', args, { cwd: module, env: { ...process.env, CGO_ENABLED: '0' } });
    },
  };
}

function sources(module: string): string[] {
  return readdirSync(module).filter(name => /\.(mod|sum|go)$/.test(name)).sort()
    .flatMap(name => [name, readFileSync(join(module, name), 'utf8')]);
}
