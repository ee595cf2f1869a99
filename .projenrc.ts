import { awscdk, javascript } from 'projen';

/** Newest aws-cdk-lib that PyPI serves too: above it the Python wheel cannot be installed. */
const CDK_FLOOR = '2.275.0';
const CONSTRUCTS_FLOOR = '10.7.0';
const CDK8S_FLOOR = '2.70.106';
const CDK8S_PLUS_FLOOR = '2.5.6';
const KUBECTL_LAYER_FLOOR = '2.2.2';

/** Packages that ship ES modules only; jest has to transpile them. */
const ESM_ONLY = ['get-port', 'listr2'];

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-ml-platform',
  description: 'Complete machine-learning platforms on AWS: CDK, cdk8s and Terraform constructs from the data lake to the rolled-back model',
  author: 'cdk-ml-platform authors',
  authorAddress: 'authors@cdk-ml-platform.dev',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-ml-platform/cdk-ml-platform.git',
  license: 'Apache-2.0',
  copyrightOwner: 'the cdk-ml-platform authors',
  keywords: ['aws', 'cdk', 'cdk8s', 'terraform', 'mlops', 'mlflow', 'iceberg', 'eks', 'kserve', 'vllm', 'feast'],
  defaultReleaseBranch: 'main',

  srcdir: 'lib',
  libdir: 'build',
  testdir: 'test',
  entrypoint: 'build/index.js',
  jsiiVersion: '~6.0.16',
  typescriptVersion: '~6.0.0',
  cdkVersion: CDK_FLOOR,
  constructsVersion: CONSTRUCTS_FLOOR,
  minNodeVersion: '20.19.0',
  packageManager: javascript.NodePackageManager.NPM,
  publishToPypi: { distName: 'cdk-ml-platform', module: 'cdk_ml_platform' },

  peerDeps: [
    `cdk8s@^${CDK8S_FLOOR}`,
    `cdk8s-plus-28@^${CDK8S_PLUS_FLOOR}`,
    `@aws-cdk/lambda-layer-kubectl-v35@^${KUBECTL_LAYER_FLOOR}`,
  ],
  devDeps: [
    // engines
    'aws-cdk@~2.1148.0',
    'cdktn@0.24.0',
    '@cdktn/provider-aws@25.7.0',
    'cdktf@0.21.0',
    '@cdktf/provider-aws@21.22.1',
    // laptop edition
    '@aws-sdk/client-cloudwatch-logs',
    '@aws-sdk/client-ec2',
    '@aws-sdk/client-lambda',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-sfn',
    'commander@^14',
    'listr2@^9',
    'adm-zip',
    '@types/adm-zip',
    'cli-table3',
    'get-port@^7',
    'proper-lockfile',
    '@types/proper-lockfile',
    'tsx',
    'yaml',
    // tests and checks
    '@swc/core@1.16.18',
    '@swc/jest',
    'jest-runtime@~30.0',
    '@jest/test-sequencer@~30.0',
    'ajv@^8',
    'ajv-formats',
    'cdk-nag',
    '@hpcc-js/wasm-graphviz',
    'dependency-cruiser',
    'fast-check@^4',
    'esbuild',
    '@types/node@^20',
  ],

  github: false,
  release: false,
  depsUpgrade: false,
  buildWorkflow: false,
  pullRequestTemplate: false,
  sampleCode: false,
  docgen: false,
  stale: false,
  projenrcTs: true,
  projenrcTsOptions: { projenCodeDir: '.projen' },
  npmignoreEnabled: false,
  gitignore: ['/.npmignore', '/.jsii.tabl.json', '/build/', '/.cache/', 'cdk.out/', '__pycache__/', '.pytest_cache/', '*.egg-info/', '.venv/', '/tsconfig.tsbuildinfo'],

  // jsii compiles what users import. The laptop edition and the command line are bundled or run by tsx.
  excludeTypescript: ['lib/local/**', 'lib/cli/**', 'stacks/**', 'examples/**'],

  jest: true,
  jestOptions: { jestVersion: '~30.0', coverage: false, junitReporting: false },
  eslint: true,
  eslintOptions: { dirs: ['lib', 'stacks', 'examples', 'test', 'docs'], devdirs: [], lintProjenRc: false, commandOptions: { fix: false } },
});

// ---- generated configuration -----------------------------------------------------------------------------------
const tsconfig = project.tryFindObjectFile('tsconfig.json');
tsconfig?.addOverride('compilerOptions.types', ['node']);
tsconfig?.addOverride('exclude', ['node_modules', 'lib/local', 'lib/cli']);

const checkConfig = project.tryFindObjectFile('test/tsconfig.json');
checkConfig?.addOverride('compilerOptions.types', ['node', 'jest']);
checkConfig?.addOverride('compilerOptions.module', 'preserve');
checkConfig?.addOverride('compilerOptions.moduleResolution', 'bundler');
checkConfig?.addOverride('compilerOptions.paths', {
  'cdk-ml-platform': ['../lib/index.ts'],
  'cdk-ml-platform/testing': ['../lib/testing/index.ts'],
  'cdk-ml-platform/terraform': ['../lib/terraform/index.ts'],
});
checkConfig?.addOverride('include', ['**/*.ts', '../lib/**/*.ts', '../stacks/**/*.ts', '../examples/**/*.ts', '../docs/**/*.ts']);
checkConfig?.addOverride('exclude', ['../node_modules', '../**/cdk.out']);

// ---- package ---------------------------------------------------------------------------------------------------
project.package.addField('exports', {
  '.': { types: './build/index.d.ts', default: './build/index.js' },
  './testing': { types: './build/testing/index.d.ts', default: './build/testing/index.js' },
  './terraform': { types: './build/terraform/index.d.ts', default: './build/terraform/index.js' },
  './package.json': './package.json',
  './.jsii': './.jsii',
  './.warnings.jsii.js': './.warnings.jsii.js',
});
// what users install, and nothing else; the image is built at deploy time from lib/runtime
project.package.addField('files', [
  'build', '.jsii', '.warnings.jsii.js', 'CHANGELOG.md', 'lib/*/README.md',
  'lib/cluster/private/drain/*.py', 'lib/runtime/src/**/*.py', 'lib/runtime/Dockerfile', 'lib/runtime/.dockerignore', 'lib/runtime/pyproject.toml', 'lib/runtime/requirements/registry.lock', 'lib/runtime/requirements/serving.lock',
  'lib/runtime/requirements/data.lock', 'lib/runtime/requirements/quality.lock', 'lib/runtime/requirements/features.lock',
]);
project.package.addField('jest', {
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/examples/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/before-all.cjs',
  globalTeardown: '<rootDir>/test/support/after-all.cjs',
  runtime: '<rootDir>/test/support/worker.cjs',
  testSequencer: '<rootDir>/test/support/sequencer.cjs',
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/dist/', 'cdk\\.out'],
  moduleNameMapper: {
    '^cdk-ml-platform$': '<rootDir>/lib/index.ts',
    '^cdk-ml-platform/(testing|terraform)$': '<rootDir>/lib/$1/index.ts',
  },
  // a transpiler that does not type-check: unit tests in seconds; `npm run types` checks types once
  transform: {
    '^.+\\.[mc]?[tj]s$': ['@swc/jest', {
      jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', keepClassNames: true },
      module: { type: 'commonjs' },
    }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ESM_ONLY.join('|')})/)`],
  testTimeout: 30_000,
  maxWorkers: 2,
  clearMocks: true,
});

// the newest version whose binaries are there for every platform: with a gap npm writes a lock file that `npm ci` refuses
project.package.addPackageResolutions('unrs-resolver@1.12.2');

for (const name of ['ts-jest', 'ts-node']) project.deps.removeDependency(name);

// ---- house rules that a linter can hold ---------------------------------------------------------------------------
project.eslint?.addRules({
  'no-bitwise': 'off',
  '@typescript-eslint/member-ordering': 'off',
  '@stylistic/object-property-newline': 'off',
  '@stylistic/max-len': ['error', { code: 160, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreComments: true, ignoreRegExpLiterals: true }],
});
const eslintrc = project.tryFindObjectFile('.eslintrc.json');
eslintrc?.addDeletionOverride('parserOptions.projectService');
eslintrc?.addOverride('parserOptions.project', './test/tsconfig.json');
eslintrc?.addToArray('ignorePatterns', '.projenrc.ts', '.projen', '**/cdk.out');
project.eslint?.addOverride({
  files: ['lib/**/*.ts'],
  rules: {
    'max-lines': ['error', { max: 400 }],
    'max-lines-per-function': ['error', { max: 45, skipComments: true, skipBlankLines: true }],
    '@typescript-eslint/no-explicit-any': 'error',
    '@typescript-eslint/ban-ts-comment': 'error',
    '@typescript-eslint/no-non-null-assertion': 'error',
  },
});

project.eslint?.addOverride({
  // never part of what a CDK user installs: the Terraform engines, the laptop edition, what teams copy
  files: ['lib/terraform/**/*.ts', 'lib/local/**/*.ts', 'lib/cli/**/*.ts', 'stacks/**/*.ts', 'examples/**/*.ts', 'test/**/*.ts', 'docs/**/*.ts'],
  rules: { 'import/no-extraneous-dependencies': 'off', 'import/no-unresolved': ['error', { ignore: ['^cdk-ml-platform'] }] },
});

project.eslint?.addOverride({ files: ['test/**/*.ts'], rules: { '@stylistic/max-len': 'off' } });

// ---- tasks -----------------------------------------------------------------------------------------------------
project.defaultTask?.reset('tsx .projenrc.ts');
project.testTask.reset();
project.testTask.exec('tsx test/run.ts', { receiveArgs: true });

const types = project.addTask('types', { description: 'Type-check everything once', exec: 'tsc -p test' });
const arrows = project.addTask('arrows', { description: 'Imports follow the arrows of docs/architecture.md', exec: 'depcruise --config .dependency-cruiser.cjs lib stacks examples' });
const lint = project.addTask('lint', { description: 'Lint, with the arrows between rooms' });
lint.spawn(project.tasks.tryFind('eslint')!);
lint.spawn(arrows);
const check = project.addTask('check', { description: 'All that is quick: lint, types, unit tests' });
check.spawn(lint);
check.spawn(types);
check.exec('jest --testPathIgnorePatterns test/conformance test/local test/packaging');
// not through projen, and not by tsx's own command: Ctrl-C has to reach the driver itself, and tsx kills what takes 30 ms to hear of it
project.package.setScript('local', 'node --import tsx lib/local/main.ts');
project.addTask('bench', { description: 'Synthesis benchmarks', exec: 'tsx test/bench/main.ts', receiveArgs: true });
project.compileTask.reset('jsii --silence-warnings=reserved-word');
project.addTask('rosetta', { description: 'Compile every snippet of the READMEs', exec: 'jsii-rosetta extract --compile --strict --directory . --output .cache/rosetta.json' });


project.synth();
