'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

const LONG = /[/\\]test[/\\](local|conformance)[/\\]/;

// What starts programs takes minutes, however short its file is; by the sizes of files, which are all that Jest knows of a
// fresh clone, it would come last, and one worker would wait for the other.
module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(({ path }) => LONG.test(path)), ...sorted.filter(({ path }) => !LONG.test(path))];
  }
};
