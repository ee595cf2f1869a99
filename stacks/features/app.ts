import { App } from 'aws-cdk-lib';
import { featuresPlatform } from './features';

/** Also read by the conformance tests. */
export const app = new App();
featuresPlatform(app, {
  alarmEmail: app.node.tryGetContext('alarm-email') as string | undefined,
  protection: app.node.tryGetContext('protection') !== 'false',
});
app.synth();
