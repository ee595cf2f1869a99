import { App, Stack } from 'aws-cdk-lib';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry } from '../../lib/registry/model-registry';
import { FargateModelService } from '../../lib/serving/fargate-model-service';
import { referencePlatform } from '../../stacks/reference/reference';
import { starterPlatform } from '../../stacks/starter/starter';

/** Services in one stack: below CloudFormation's 500 resources. */
const SERVICES_A_STACK = 10;

/** Synthesizes one app into a folder. */
export const SCENARIOS: Record<string, (outdir: string) => void> = {
  'starter': (outdir) => synth(outdir, (app) => starterPlatform(app)),
  'reference': (outdir) => synth(outdir, (app) => referencePlatform(app)),
  '1 model service': (outdir) => synth(outdir, (app) => modelServices(app, 1)),
  '10 model services': (outdir) => synth(outdir, (app) => modelServices(app, 10)),
  '100 model services': (outdir) => synth(outdir, (app) => modelServices(app, 100)),
};

function synth(outdir: string, build: (app: App) => void): void {
  const app = new App({ outdir, analyticsReporting: false });
  build(app);
  app.synth();
}

function modelServices(app: App, count: number): void {
  const network = new MlNetwork(new Stack(app, 'Network'), 'Network');
  const models = new ModelRegistry(new Stack(app, 'Registry'), 'Models', { network });
  let stack = new Stack(app, 'Models0');
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % SERVICES_A_STACK === 0) stack = new Stack(app, `Models${i / SERVICES_A_STACK}`);
    new FargateModelService(stack, `Model${i}`, { network, model: models.model(`scorer-${i}`).alias('champion') });
  }
}
