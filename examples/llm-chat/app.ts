import { App } from 'aws-cdk-lib';
import { LlmChat } from './platform';

export const app = new App();
new LlmChat(app, 'LlmChat');
app.synth();
