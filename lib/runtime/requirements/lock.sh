#!/bin/sh
# Re-resolves the lock files: one resolution (dev), of which the images are subsets, so that a model trained in the
# development environment meets the same scikit-learn in the serving image. Needs uv on PATH or in $UV.
set -eu
cd "$(dirname "$0")/.."
compile() {
  "${UV:-uv}" pip compile pyproject.toml --universal --python-version 3.10 --generate-hashes \
    --no-header --no-emit-index-url --no-annotate --quiet "$@"
}
compile --extra serving --extra registry --extra quality --extra features --extra dev --output-file requirements/dev.lock
compile --extra serving --constraint requirements/dev.lock --output-file requirements/serving.lock
compile --extra registry --constraint requirements/dev.lock --output-file requirements/registry.lock
for image in data quality features; do
  compile --extra "$image" --constraint requirements/dev.lock --output-file "requirements/$image.lock"
done
# what tests need to run the checks on a Spark of their own; EMR's image has it
compile --extra spark --constraint requirements/dev.lock --output-file requirements/spark.lock
compile --extra lint --constraint requirements/dev.lock --output-file requirements/lint.lock
