'use strict';
// What a worker of Jest has for all of its test files.
const { default: Runtime } = require('jest-runtime');

// The validator that ships with aws-cdk-lib costs seconds an app. Unit tests run without it;
// test/conformance runs it over every stack and example.
process.env.CDK_VALIDATION ??= 'false';

// Jest gives every test file its own copy of every module. Of our own code that is right; of aws-cdk-lib, its validator
// and cdk8s it costs more than most tests: they are loaded once, outside of Jest's sandbox. They see the worker's environment, not a test's.
// What they return was made outside too, so compare it by toEqual: toStrictEqual looks at constructors.
const SHARED = /^(aws-cdk-lib|constructs|cdk8s|cdk8s-plus-28|cdk-nag)(\/|$)/;

// Nor does every file need a copy of what Jest says failures with. Its `expect` stays inside: it asks what is an Error.
const REPORTS = /^jest-(snapshot|matcher-utils|message-util)$/;

module.exports = class extends Runtime {
  requireModuleOrMock(from, name) {
    if (!SHARED.test(name)) return super.requireModuleOrMock(from, name);
    // aws-cdk-lib takes a stack trace for every element; Jest makes it 100 frames and maps each to its source, a quarter of a test's time
    Error.stackTraceLimit = 1;
    return require(name);
  }

  requireInternalModule(from, name) {
    return REPORTS.test(name) ? require(name) : super.requireInternalModule(from, name);
  }
};
