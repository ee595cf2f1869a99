/**
 * The arrows of docs/architecture.md:
 * core <- accelerators <- network <- cluster <- { data registry features training serving gateway monitoring } <- lifecycle <- stacks <- examples
 */
const EARLY = ['core', 'accelerators', 'network', 'cluster'];
const BRACE = ['data', 'registry', 'features', 'training', 'serving', 'gateway', 'monitoring'];
const LATE = ['lifecycle'];
const ORDER = [...EARLY, ...BRACE, ...LATE];
const room = (names) => `^lib/(${names.join('|')})/`;
const REST = ['testing', 'local', 'cli', 'terraform'];

/** An early room imports only what stands before it. */
const early = EARLY.map((name, index) => ({
  name: `${name}-imports-only-what-stands-before-it`,
  severity: 'error',
  from: { path: room([name]) },
  to: { path: room([...ORDER.slice(index + 1), ...REST]) },
}));

/** Rooms in the braces know each other only through interfaces.ts. */
const brace = BRACE.map((name) => ({
  name: `${name}-knows-its-neighbours-by-interfaces-only`,
  severity: 'error',
  from: { path: room([name]) },
  to: { path: room([...BRACE.filter((other) => other !== name), ...LATE, ...REST]), pathNot: '^lib/[a-z]+/interfaces\\.ts$' },
}));

module.exports = {
  forbidden: [
    ...early,
    ...brace,
    {
      name: 'core-needs-no-engine',
      comment: 'every engine imports core; shards are the stacks of one engine',
      severity: 'error',
      from: { path: '^lib/core/', pathNot: '^lib/core/shards\\.ts$' },
      to: { path: 'node_modules/(aws-cdk-lib|cdktn|cdktf|@cdktn|cdk8s)', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'lifecycle-comes-last',
      severity: 'error',
      from: { path: room(LATE) },
      to: { path: room(REST) },
    },
    {
      name: 'a-blueprint-is-plain-data',
      comment: 'core, accelerators, other blueprints; of aws-cdk-lib only types (Duration, Size)',
      severity: 'error',
      from: { path: '^lib/[a-z]+/blueprint/' },
      to: { path: '^lib/', pathNot: ['^lib/(core|accelerators)/', '^lib/[a-z]+/blueprint/'] },
    },
    {
      name: 'a-blueprint-has-no-engine',
      severity: 'error',
      from: { path: '^lib/[a-z]+/blueprint/' },
      to: { path: 'node_modules/(aws-cdk-lib|cdktn|cdktf|@cdktn|cdk8s)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'manifests-never-see-aws-cdk',
      severity: 'error',
      from: { path: '^lib/[a-z]+/manifests/' },
      to: { path: ['node_modules/aws-cdk-lib', '^lib/(?!core/|accelerators/|[a-z]+/(blueprint|manifests)/)'] },
    },
    {
      name: 'terraform-takes-blueprints-and-manifests',
      severity: 'error',
      from: { path: '^lib/terraform/' },
      to: { path: '^lib/', pathNot: ['^lib/(terraform|core|accelerators)/', '^lib/[a-z]+/(blueprint|manifests)/'] },
    },
    {
      name: 'terraform-never-runs-aws-cdk',
      severity: 'error',
      from: { path: '^lib/terraform/' },
      to: { path: 'node_modules/aws-cdk-lib', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-terraform-imports-its-engine',
      severity: 'error',
      from: { path: '^lib/(?!terraform/)' },
      to: { path: 'node_modules/(cdktn|cdktf|@cdktn|@cdktf)' },
    },
    {
      name: 'private-belongs-to-its-room',
      comment: 'core/private is the one exception: it serves every room',
      severity: 'error',
      from: { path: '^lib/([a-z]+)/' },
      to: { path: '^lib/.+/private/', pathNot: ['^lib/$1/', '^lib/core/'] },
    },
    {
      name: 'no-barrel-inside-lib',
      severity: 'error',
      from: { path: '^lib/[a-z]+/' , pathNot: ['^lib/terraform/index\\.ts$', '^lib/(local|cli)/'] },
      to: { path: ['^lib/index\\.ts$', '^lib/[a-z]+/index\\.ts$'] },
    },
    {
      name: 'an-example-imports-the-published-name',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^\\.\\./|^\\.\\.', dependencyTypes: ['local'], pathNot: '^(examples|lib/(index|testing/index|terraform/index)\\.ts)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['cdk\\.out', '/tests?/', '\\.py$'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
