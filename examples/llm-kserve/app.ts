import { App } from 'aws-cdk-lib';
import { LlmKServe } from './platform';

export const app = new App();
new LlmKServe(app, 'LlmKServe');
app.synth();
