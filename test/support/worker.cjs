'use strict';
// What a worker of Jest has for all of its test files.
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { default: Runtime } = require('jest-runtime');

// The validator that ships with aws-cdk-lib costs seconds an app. Unit tests run without it;
// test/conformance runs it over every stack and example.
process.env.CDK_VALIDATION ??= 'false';

// Each app of aws-cdk-lib and cdk8s leaves a folder behind, and the tests make thousands of them.
const folder = mkdtempSync(join(tmpdir(), 'jest-'));
process.env.TMPDIR = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

// Jest gives every test file its own copy of every module. Of our own code that is right; of aws-cdk-lib, its validator
// and the other engines it costs more than most tests: they are loaded once, outside of Jest's sandbox.
// What they return was made outside too, so compare it by toEqual: toStrictEqual looks at constructors.
const SHARED = /^(aws-cdk-lib|constructs|cdk8s|cdk8s-plus-28|cdk-nag|cdktn|@cdktn\/provider-aws|cdktf|@cdktf\/provider-aws)(\/|$)/;

module.exports = class extends Runtime {
  requireModuleOrMock(from, name) {
    return SHARED.test(name) ? require(name) : super.requireModuleOrMock(from, name);
  }
};
