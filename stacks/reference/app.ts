import { App } from 'aws-cdk-lib';
import { referencePlatform } from './reference';

/** Also read by the conformance tests. */
export const app = new App();
referencePlatform(app, {
  alarmEmail: app.node.tryGetContext('alarm-email') as string | undefined,
  protection: app.node.tryGetContext('protection') !== 'false',
});
app.synth();
