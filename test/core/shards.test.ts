import { App, CfnOutput, CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as fc from 'fast-check';
import { Shards } from '../../lib';

function shards(count = 8): Shards {
  return new Shards(new App(), 'Models', { count });
}

describe('shards', () => {
  test('are stacks of their own, fixed at birth', () => {
    const { stacks } = shards(3);
    expect(stacks.map((stack) => stack.node.path)).toEqual(['Models/0', 'Models/1', 'Models/2']);
    expect(new Set(stacks.map((stack) => stack.stackName)).size).toBe(3);
  });

  test('an item belongs to the same stack whatever else there is', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.array(fc.string({ minLength: 1, maxLength: 40 })), (item, others) => {
      const [alone, crowded] = [shards(), shards()];
      for (const other of others) crowded.stackFor(other);
      expect(crowded.stackFor(item).node.path).toBe(alone.stackFor(item).node.path);
    }), { numRuns: 50 });
  });

  test('fill evenly: 300 services in 12 stacks leave none with more than twice its share', () => {
    const some = shards(12);
    const sizes = new Map<Stack, number>();
    for (let i = 0; i < 300; i++) sizes.set(some.stackFor(`team-${i}`), (sizes.get(some.stackFor(`team-${i}`)) ?? 0) + 1);
    expect(sizes.size).toBe(12);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(50);
  });

  test('an item is where it was in the first release', () => {
    // FNV-1a, 32 bit, of 'foobar' is 0xbf9cf968: http://www.isthe.com/chongo/src/fnv/test_fnv.c
    expect(shards(100).stackFor('foobar').node.id).toBe(String(0xbf9cf968 % 100));
  });

  test.each([0, 101, 1.5])('%d stacks are refused', (count) => {
    expect(() => shards(count)).toThrow(/^ValidationError at Models \[invalid-count\]: count .* 1 to 100/);
  });

  test('an item without a name is refused', () => {
    expect(() => shards().stackFor('')).toThrow(/\[invalid-item\]/);
  });

  test.each([[449, 0], [450, 1]])('with %d resources in a stack there are %d warnings', (count, warnings) => {
    const some = shards(1);
    for (let i = 0; i < count; i++) new CfnResource(some.stackFor('a'), `Topic${i}`, { type: 'AWS::SNS::Topic' });
    Template.fromStack(some.stackFor('a')).resourceCountIs('AWS::SNS::Topic', count);
    expect(Annotations.fromStack(some.stackFor('a')).findWarning('*', Match.stringLikeRegexp('has 450 resources, and CloudFormation takes 500'))).toHaveLength(warnings);
  });

  test.each([[700, 0], [900, 1]])('of a template of %d kB it is warned by the engine %d times', (kilobytes, warnings) => {
    const some = shards(1);
    new CfnResource(some.stackFor('a'), 'Topic', { type: 'AWS::SNS::Topic', properties: { DisplayName: 'x'.repeat(kilobytes * 1000) } });
    expect(Annotations.fromStack(some.stackFor('a')).findWarning('*', Match.stringLikeRegexp('Template size is approaching limit'))).toHaveLength(warnings);
  });

  test('outputs are counted too', () => {
    const some = shards(1);
    for (let i = 0; i < 180; i++) new CfnOutput(some.stackFor('a'), `Output${i}`, { value: 'x' });
    expect(Annotations.fromStack(some.stackFor('a')).findWarning('*', Match.stringLikeRegexp('180 outputs'))).toHaveLength(1);
  });
});
