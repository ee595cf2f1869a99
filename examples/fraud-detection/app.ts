import { App } from 'aws-cdk-lib';
import { FraudPlatform } from './platform';

export const app = new App();
new FraudPlatform(app, 'FraudPlatform');
app.synth();
