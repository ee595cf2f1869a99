'use strict';
const { chmodSync, mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** A temporary folder for the whole run: each app of aws-cdk-lib and cdk8s leaves a folder behind, and the tests make thousands of them. */
module.exports = async () => {
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'jest-'));
  // PostgreSQL runs as a user of its own where the tests are root
  chmodSync(process.env.TMPDIR, 0o755);
};
