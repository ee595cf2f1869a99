import { readFileSync } from 'fs';

/** What the room runs on. The bindings carry the version of the AWS provider: 25.7 is AWS provider 6.66. */
const ENGINE = { name: 'cdktn', version: '0.24.0', accepts: /^0\.24\./ };
const BINDINGS = { name: '@cdktn/provider-aws', version: '25.7.0', accepts: /^25\./ };
/** cdktn 0.24 asks for constructs below 10.8. */
const CONSTRUCTS = { name: 'constructs', version: '10.7.0', accepts: /^10\.7\./ };

const INSTALL = `npm install ${[ENGINE, BINDINGS].map(({ name, version }) => `${name}@${version}`).join(' ')} "constructs@>=10.7.0 <10.8.0"`;

/**
 * Runs before anything of the room is loaded: these packages are not dependencies of cdk-ml-platform, so that a user
 * of the AWS CDK does not download half a gigabyte of Terraform bindings.
 */
function requireEngine(): void {
  const faults = [ENGINE, BINDINGS, CONSTRUCTS].flatMap(({ name, version, accepts }) => {
    const found = versionOf(name);
    if (found === undefined) return [`${name} is not installed`];
    return accepts.test(found) ? [] : [`${name} is ${found}, needed is ${version} or a later ${accepts.source.replace(/[\\^]/g, '')}x`];
  });
  if (faults.length === 0) return;
  const error = new Error(`cdk-ml-platform/terraform cannot be loaded: ${faults.join('; ')}. Install with:\n\n    ${INSTALL}\n`);
  error.stack = error.message; // where it was thrown helps nobody
  throw error;
}

/** The version that our own `require` would load, which is the user's. */
function versionOf(name: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

requireEngine();
