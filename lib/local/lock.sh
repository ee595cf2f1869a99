#!/bin/sh
# Re-resolves lib/local/requirements.lock and test/python/requirements.lock, with the versions of lib/runtime's own lock.
# Needs uv on PATH or in $UV.
set -eu
cd "$(dirname "$0")/../.."
compile() {
  "${UV:-uv}" pip compile --universal --python-version 3.10 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links --no-annotate --quiet "$@"
}
compile lib/local/requirements.in --constraint lib/runtime/requirements/dev.lock --output-file lib/local/requirements.lock
compile test/python/requirements.in --constraint lib/local/requirements.lock --output-file test/python/requirements.lock
