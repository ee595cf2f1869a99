import * as fc from 'fast-check';
import { orderAddOns, type AddOnNode } from '../../lib/cluster/blueprint/add-on-graph';
import { AddOnRequirement } from '../../lib/cluster/blueprint/add-on-requirement';
import { InstalledIndex } from '../../lib/cluster/private/installed-index';

const kinds = fc.subarray(['a.io/A', 'b.io/B', 'c.io/C', '/Service'], { maxLength: 2 });
const node: fc.Arbitrary<AddOnNode> = fc.record({
  name: fc.constantFrom('one', 'two', 'three', 'four', 'five'),
  isAddOn: fc.boolean(),
  requires: fc.array(fc.oneof(
    fc.constantFrom('one', 'two', 'three').map((name) => AddOnRequirement.addOn(name)),
    fc.constantFrom('a.io/A', 'b.io/B').map((kind) => AddOnRequirement.customResource(kind)),
    fc.constantFrom('c.io/C', '/Service').map((kind) => AddOnRequirement.webhook(kind)),
  ), { maxLength: 2 }),
  defines: kinds,
  guards: kinds,
  creates: kinds,
});

test('what is said to come last can always be ordered after what is there', () => {
  const answers = { last: 0, other: 0 };
  fc.assert(fc.property(fc.array(node, { maxLength: 5 }), node, (installed, added) => {
    const index = new InstalledIndex();
    const kept: AddOnNode[] = [];
    for (const each of installed) {
      try {
        orderAddOns('Cluster', [...kept, each], { addOns: [], apiGroups: [] }, false);
      } catch { continue; }
      kept.push(each);
      index.add(each);
    }
    if (!index.comesLast(added)) { answers.other++; return; }
    answers.last++;
    const { sequence } = orderAddOns('Cluster', [...kept, added], { addOns: [], apiGroups: [] }, false);
    expect(sequence).toHaveLength(kept.length + 1);
  }), { numRuns: 3_000, seed: 7 });
  expect(answers.last).toBeGreaterThan(200);
  expect(answers.other).toBeGreaterThan(200);
});
