'use strict';
const { mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** A temporary folder for the whole run: each app of aws-cdk-lib and cdk8s leaves a folder behind, and the tests make thousands of them. */
module.exports = async () => {
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'jest-'));
};
