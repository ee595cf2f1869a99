import { App } from 'aws-cdk-lib';
import { MultiModelGpu } from './platform';

export const app = new App();
new MultiModelGpu(app, 'MultiModelGpu');
app.synth();
