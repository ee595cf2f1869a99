import * as fc from 'fast-check';
import { faultOf, validOrRefused } from './support';
import { orderAddOns, type AddOnNode, type AddOnOrder } from '../../lib/cluster/blueprint/add-on-graph';
import { AddOnRequirement } from '../../lib/cluster/blueprint/add-on-requirement';

const NOTHING = { addOns: [], apiGroups: [] };
const addOn = (name: string, more: Partial<AddOnNode> = {}): AddOnNode => ({ name, isAddOn: true, requires: [], defines: [], guards: [], creates: [], ...more });
const needs = (...names: string[]) => names.map((name) => AddOnRequirement.addOn(name));
const uses = (...kinds: string[]) => kinds.map((kind) => AddOnRequirement.customResource(kind));
const order = (...nodes: AddOnNode[]): AddOnOrder => orderAddOns('Stack/Cluster', nodes, NOTHING);

describe('the order of add-ons', () => {
  test('an add-on comes after those that it names', () => {
    expect(order(addOn('a', { requires: needs('b') }), addOn('b', { requires: needs('c') }), addOn('c'))).toEqual({
      sequence: ['c', 'b', 'a'],
      dependsOn: { a: ['b'], b: ['c'], c: [] },
      waves: { a: 2, b: 1, c: 0 },
      platform: ['c', 'b', 'a'],
    });
  });

  test('a custom resource comes after the add-on that defines it, whatever it is called', () => {
    const { dependsOn, waves } = order(addOn('issuer', { isAddOn: false, requires: uses('cert-manager.io/Issuer') }), addOn('cm', { defines: ['cert-manager.io/Issuer'] }));
    expect(dependsOn).toEqual({ cm: [], issuer: ['cm'] });
    expect(waves).toEqual({ cm: 0, issuer: 1 });
  });

  test('whatever makes Services waits for the webhook that judges them, and without such a webhook nothing waits', () => {
    const prometheus = addOn('prometheus', { creates: ['/Service'] });
    expect(order(prometheus).dependsOn).toEqual({ prometheus: [] });
    expect(order(prometheus, addOn('load-balancers', { guards: ['/Service'] })).dependsOn).toEqual({ 'prometheus': ['load-balancers'], 'load-balancers': [] });
  });

  test('a webhook that needs what it guards comes after it', () => {
    const { sequence } = order(
      addOn('load-balancers', { guards: ['/Service'], requires: needs('cert-manager') }),
      addOn('cert-manager', { creates: ['/Service'] }),
      addOn('grafana', { creates: ['/Service'] }),
    );
    expect(sequence).toEqual(['cert-manager', 'load-balancers', 'grafana']);
  });

  test('two webhooks that guard each other do not make a cycle', () => {
    const node = (name: string) => addOn(name, { guards: ['/Service'], creates: ['/Service'] });
    expect(order(node('b'), node('a')).sequence).toHaveLength(2);
  });

  test('the platform is the add-ons and all that they need; what runs on it is not', () => {
    const { platform } = order(
      addOn('namespace', { isAddOn: false, guards: ['Namespace/x'] }),
      addOn('controller', { creates: ['Namespace/x'] }),
      addOn('model', { isAddOn: false, requires: needs('controller') }),
    );
    expect(platform).toEqual(['namespace', 'controller']);
  });

  test('the order in which nodes are given does not matter', () => {
    const nodes = [addOn('z'), addOn('a', { requires: needs('m') }), addOn('m', { guards: ['/Service'] }), addOn('k', { creates: ['/Service'] })];
    expect(order(...[...nodes].reverse())).toEqual(order(...nodes));
  });
});

describe('validation', () => {
  test('a cycle is shown as it goes round', () => {
    expect(faultOf(() => order(addOn('a', { requires: needs('b') }), addOn('b', { requires: needs('c') }), addOn('c', { requires: needs('a') }))))
      .toBe("ValidationError at Stack/Cluster [add-on-cycle]: 'a' requires 'b' requires 'c' requires 'a'; remove one of these requirements");
  });

  test('an add-on cannot require itself', () => {
    expect(faultOf(() => order(addOn('a', { requires: needs('a') })))).toBe("ValidationError at Stack/Cluster [add-on-cycle]: 'a' requires itself; remove the requirement");
  });

  test('a missing add-on is named with the one that was probably meant', () => {
    expect(faultOf(() => order(addOn('cert-manager'), addOn('a', { requires: needs('cert-manger') }))))
      .toBe("ValidationError at Stack/Cluster [missing-requirement]: 'a' requires the add-on 'cert-manger', which is not installed (did you mean 'cert-manager'?); add it to the cluster, or name it in installedAddOns");
  });

  test('a missing definition is named', () => {
    expect(faultOf(() => order(addOn('a', { requires: uses('karpenter.sh/NodePool') }))))
      .toBe("ValidationError at Stack/Cluster [missing-requirement]: 'a' requires the custom resource karpenter.sh/NodePool, which no add-on defines; add the add-on that brings it, or name its group in installedApiGroups");
  });

  test('what is installed already is not missing, but a group that only begins alike is', () => {
    const installed = { addOns: ['argo'], apiGroups: ['karpenter.sh'] };
    const node = addOn('a', { requires: [...needs('argo'), ...uses('karpenter.sh/NodePool')] });
    expect(orderAddOns('', [node], installed).sequence).toEqual(['a']);
    expect(faultOf(() => orderAddOns('', [node], { addOns: ['argo'], apiGroups: ['karpenter'] }))).toContain('[missing-requirement]');
  });

  test('as long as nodes may follow, nothing is missing', () => {
    expect(orderAddOns('', [addOn('a', { requires: needs('later') })], NOTHING, false).sequence).toEqual(['a']);
  });

  test('two add-ons of one name, and one definition by two add-ons, are refused together', () => {
    expect(faultOf(() => order(addOn('a', { defines: ['g.io/K'] }), addOn('a'), addOn('b', { defines: ['g.io/K'] })))).toBe([
      'ValidationError at Stack/Cluster: 2 faults',
      "  - [duplicate-add-on] 'a' is installed more than once; keep one, or give the other a name of its own",
      "  - [duplicate-definition] 'b' and 'a' both define g.io/K, and Helm lets one release own it; switch the definitions of one of them off",
    ].join('\n'));
  });

  test('a kind is written as group/Kind', () => {
    expect(faultOf(() => AddOnRequirement.customResource('certificates')))
      .toBe("ValidationError at AddOnRequirement [invalid-kind]: kind 'certificates' is not allowed; use group/Kind, for example 'cert-manager.io/Certificate', or '/Service' in the core group");
  });
});

describe('any graph', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const kind = fc.constantFrom('x.io/A', 'x.io/B', '/Service');
  const requirement = fc.oneof(name.map((it) => AddOnRequirement.addOn(it)), kind.map((it) => AddOnRequirement.customResource(it)), kind.map((it) => AddOnRequirement.webhook(it)));
  const node = fc.record({
    name, isAddOn: fc.boolean(),
    requires: fc.array(requirement, { maxLength: 2 }), defines: fc.array(kind, { maxLength: 1 }), guards: fc.array(kind, { maxLength: 1 }), creates: fc.array(kind, { maxLength: 2 }),
  });

  test('is refused, or every node comes after all that it depends on and in a later wave', () => {
    let ordered = 0;
    fc.assert(fc.property(fc.uniqueArray(node, { selector: (it) => it.name, maxLength: 6 }), (nodes) => {
      let result: AddOnOrder | undefined;
      validOrRefused(() => { result = orderAddOns('p', nodes, NOTHING, false); });
      if (result === undefined) return;
      ordered++;
      const { sequence, dependsOn, waves, platform } = result;
      expect([...sequence].sort()).toEqual(nodes.map((it) => it.name).sort());
      for (const it of nodes) {
        for (const other of dependsOn[it.name] ?? []) {
          expect(sequence.indexOf(other)).toBeLessThan(sequence.indexOf(it.name));
          expect(waves[other]).toBeLessThan(waves[it.name] ?? -1);
          if (platform.includes(it.name)) expect(platform).toContain(other);
        }
        if (it.isAddOn) expect(platform).toContain(it.name);
      }
    }), { numRuns: 2_000 });
    expect(ordered).toBeGreaterThan(500);
  });
});
