import { App } from 'aws-cdk-lib';
import { FeaturePlatform } from './platform';

export const app = new App();
new FeaturePlatform(app, 'FeaturePlatform');
app.synth();
