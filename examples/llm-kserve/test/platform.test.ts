import { App } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { LlmKServe } from '../platform';

const stack = new LlmKServe(new App(), 'LlmKServe');

test('both models fit, and one node may go without a model going with it', () => {
  for (const service of [stack.chat, stack.assistant]) {
    expect(service.fit.fits).toBe(true);
    expect(service.placement.replicas).toBe(2);
  }
});

test('only the model that runs another engine than the fit\'s is warned about', () => {
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('llm-d'));
  expect(warnings.map(({ id }) => id)).toEqual(['/LlmKServe/Assistant']);
});
