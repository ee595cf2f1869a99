import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { LlmChat } from '../platform';

const stack = new LlmChat(new App(), 'LlmChat');
const template = Template.fromStack(stack);

test('the model fits, with room for every request that it is meant to serve', () => {
  expect(stack.chat.fit.fits).toBe(true);
  expect(stack.chat.fit.concurrencyAtContext * stack.chat.placement.replicas).toBeGreaterThanOrEqual(16);
});

test('one spot node may go without the service going with it', () => {
  expect(stack.chat.placement.pool.usesSpot).toBe(true);
  expect(stack.chat.placement.pool.hasOnDemand).toBe(true);
});

test('nothing is reachable from the internet, and nobody is let in yet', () => {
  template.allResourcesProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
  template.hasResourceProperties('AWS::EC2::SecurityGroup', { GroupDescription: 'Callers of the inference gateway', SecurityGroupIngress: Match.absent() });
});
