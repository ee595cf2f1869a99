import { App } from 'aws-cdk-lib';
import { referencePlatform } from '../../stacks/reference/reference';
import { starterPlatform } from '../../stacks/starter/starter';

/** The templates of an app, without some of its stacks: as after a commit that takes them away. */
function templates(build: (app: App) => unknown, without: string[] = []): Record<string, unknown> {
  const app = new App();
  build(app);
  for (const name of without) expect(app.node.tryRemoveChild(name)).toBe(true);
  return Object.fromEntries(app.synth().stacks.map(({ stackName, template }) => [stackName, template]));
}

// CloudFormation refuses to take an export away while another stack imports it. The CDK deploys producers first, so a producer
// whose template changes when its last consumer goes would wait for that consumer for ever.
describe.each<[string, (app: App) => unknown, string[]]>([
  ['the model service of the starter', starterPlatform, ['MlPlatform-Tumours']],
  ['the model service and the registry of the starter', starterPlatform, ['MlPlatform-Tumours', 'MlPlatform-Registry']],
  ['the add-ons of the reference platform', referencePlatform, ['MlPlatform-AddOns']],
  ['cluster and add-ons of the reference platform', referencePlatform, ['MlPlatform-AddOns', 'MlPlatform-Cluster']],
])('taking away %s', (_, build, without) => {
  test('changes no template of the stacks that stay', () => {
    const before = templates(build);
    const after = templates(build, without);
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).filter((name) => !without.includes(name)).sort());
    for (const [name, template] of Object.entries(after)) expect([name, template]).toEqual([name, before[name]]);
  });
});
