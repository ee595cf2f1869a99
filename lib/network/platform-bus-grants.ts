import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';

/** Who may do what with a bus. */
export class PlatformBusGrants {
  /** @param eventBus the bus */
  constructor(private readonly eventBus: events.IEventBus) {}

  /** Lets the grantee send events. */
  publish(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions: ['events:PutEvents'], resourceArns: [this.eventBus.eventBusArn] });
  }
}
