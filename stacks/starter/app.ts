import { App } from 'aws-cdk-lib';
import { starterPlatform } from './starter';

/** Also read by the conformance tests. */
export const app = new App();
starterPlatform(app, {
  alarmEmail: app.node.tryGetContext('alarm-email') as string | undefined,
  protection: app.node.tryGetContext('protection') !== 'false',
});
app.synth();
