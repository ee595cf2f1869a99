import { App } from 'aws-cdk-lib';
import { referencePlatform } from './reference';

const app = new App();
referencePlatform(app, { alarmEmail: app.node.tryGetContext('alarm-email') as string | undefined });
app.synth();
