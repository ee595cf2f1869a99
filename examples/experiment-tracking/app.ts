import { App } from 'aws-cdk-lib';
import { TrackingPlatform } from './platform';

export const app = new App();
new TrackingPlatform(app, 'Tracking', {
  // a certificate of ACM for *.ml.internal, or for a domain of yours
  certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000000',
});
app.synth();
