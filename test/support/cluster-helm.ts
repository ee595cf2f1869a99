import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedRelease } from './cluster-releases';
import type { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { run } from '../../lib/local/toolchain/commands';

/** The handler waits for minutes; what does not become ready here is wrong. */
const PATIENCE = '60s';

/** Runs the commands that the EKS handler of aws-cdk-lib runs, with its helm, on a local API server. */
export class HandlerHelm {
  /** @param dir folder for values and for what helm keeps */
  constructor(private readonly helm: string, private readonly server: LocalApiServer, private readonly dir: string) {}

  /** `helm upgrade --install`, as for a Create or an Update; fails with helm's words. */
  async install(release: PlannedRelease, chart: string): Promise<void> {
    const values = join(this.dir, `${release.release}.json`);
    writeFileSync(values, JSON.stringify(release.values, undefined, 2));
    await this.run(['upgrade', release.release, chart, '--install', '--values', values, '--namespace', release.namespace, ...release.flags, '--timeout', PATIENCE]);
  }

  /** `helm uninstall`, as for a Delete, but for one thing: the handler swallows errors. */
  async uninstall(release: PlannedRelease): Promise<void> {
    const flags = release.flags.filter(flag => flag === '--wait');
    await this.run(['uninstall', release.release, '--namespace', release.namespace, ...flags, '--timeout', PATIENCE]);
  }

  private async run(args: readonly string[]): Promise<void> {
    const home = { HOME: this.dir, HELM_CACHE_HOME: this.dir, HELM_CONFIG_HOME: this.dir, HELM_DATA_HOME: this.dir };
    await run(this.helm, [...args, '--kubeconfig', this.server.kubeconfig], { env: { PATH: process.env.PATH, ...home } });
  }
}
