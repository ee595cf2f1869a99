import { App, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { DetailType } from '../../lib/core';
import { PlatformBus } from '../../lib/network';
import type { Estate } from '../support/estate';

export const ESTATES: Record<string, Estate> = {
  'the bus': {
    make: () => {
      const app = new App();
      const stack = new Stack(app, 'Platform');
      const rest = new sqs.Queue(stack, 'Rest', { enforceSSL: true });
      const inbox = new sqs.Queue(stack, 'Inbox', { enforceSSL: true, deadLetterQueue: { queue: rest, maxReceiveCount: 3 } });
      const bus = new PlatformBus(stack, 'Bus', { encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }) });
      bus.onEvent('Arrivals', { detailTypes: [DetailType.DATA_ARRIVED], target: new targets.SqsQueue(inbox) });
      bus.grants.publish(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
      new PlatformBus(stack, 'Plain', { eventBusName: 'plain' });
      return app;
    },
  },
};
