#!/bin/sh
# Writes athena_answers.json anew: the tests ask a real Trino, whose SQL Athena speaks. Needs a JDK 17, mvn, and $PYTHON (the test environment).
set -eu
cd "$(dirname "$0")"
work="$(mktemp -d)"
trap 'rm -r "$work"' EXIT
mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/jars"
javac -cp "$work/jars/*" -d "$work" Recorder.java
rm -f ../athena_answers.json
ML_TEST_TRINO="java -Xmx1500m -cp $work/jars/*:$work Recorder" "$PYTHON" -m pytest ../test_quality_athena.py
