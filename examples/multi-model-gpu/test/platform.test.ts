import { App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { MultiModelGpu } from '../platform';

const platform = new MultiModelGpu(new App(), 'MultiModelGpu');
const template = Template.fromStack(platform);

test('two replicas of both models fit into the GPUs of the pool', () => {
  const { pool, chat } = platform;
  const pods = chat.placement.replicas + 2;
  expect(pods / pool.podsPerGpu).toBeLessThanOrEqual(pool.maxGpus);
});

test('the language model stays within its half of a GPU', () => {
  const { weightsGiB, activationGiB, overheadGiB, kvRoomGiB, fits } = platform.chat.fit;
  expect(fits).toBe(true);
  expect(weightsGiB + activationGiB + overheadGiB + kvRoomGiB).toBeLessThan(44.7 / 2);
});

test('nothing is reachable from the internet', () => {
  template.allResourcesProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
});

test('each model reads its own files', () => {
  for (const [account, prefix] of [['chat', 'qwen3-4b'], ['vision', 'vision']]) {
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { ServiceAccount: account });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: 's3:GetObject', Resource: { 'Fn::Join': ['', [Match.anyValue(), `/${prefix}/*`]] } })]),
      },
    });
  }
});

test('who may write the vision models is known to run code', () => {
  Annotations.fromStack(platform).hasWarning('*', Match.stringLikeRegexp("models of Triton's Python backend are programs"));
});
