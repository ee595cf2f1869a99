import { RootConstruct } from 'constructs';
import { Faults } from '../../lib/core/private/faults';
import { ALLOW_DATA_DESTRUCTION, destroysData } from '../../lib/core/private/removal';

function ask(context: unknown, destroy: boolean | undefined): { answer: boolean; faults: Faults } {
  const root = new RootConstruct('App');
  if (context !== undefined) root.node.setContext(ALLOW_DATA_DESTRUCTION, context);
  const faults = Faults.at('Stack/Lake');
  return { answer: destroysData(root, faults, 'removalPolicy', destroy), faults };
}

describe('data is deleted only when two keys turn', () => {
  test.each([[undefined, undefined], [undefined, false], [true, undefined], [true, false]])(
    'context %p and property %p keep the data without a word', (context, destroy) => {
      const { answer, faults } = ask(context, destroy);
      expect(answer).toBe(false);
      expect(faults.ok).toBe(true);
    });

  test.each([true, 'true'])('context %p and the property together delete it', (context) => {
    const { answer, faults } = ask(context, true);
    expect(answer).toBe(true);
    expect(faults.ok).toBe(true);
  });

  test.each([undefined, false, 'yes', 1])('the property alone, with context %p, is refused', (context) => {
    const { answer, faults } = ask(context, true);
    expect(answer).toBe(false);
    expect(() => faults.throwIfAny()).toThrow(
      'ValidationError at Stack/Lake [data-destruction-not-allowed]: removalPolicy asks to delete data together with its resource, '
      + "but the context 'cdk-ml-platform:allow-data-destruction' is not true; set it as well to lose the data, "
      + 'or leave the property out to keep the data');
  });
});
