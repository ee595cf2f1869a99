"""A conversation with the driver: one JSON object a line.

In:  {"step": "train", "arguments": {"version": 1}}
Out: {"progress": "..."} any number of times, then {"result": {...}} or {"failure": "...", "hint": "..."}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from typing import Any, TextIO

from ml_platform_life.failure import LifeFailure
from ml_platform_life.platform import Platform


def _own_output() -> TextIO:
    """Keeps standard output for the conversation: libraries that print there write to the log instead."""
    conversation = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return conversation


def _warm_up() -> None:
    """The slow imports, while the stacks are still being deployed."""
    from ml_platform_runtime.features.feast_import import import_feast

    # MLflow's client imports all of Feast too, by a plugin that comes with it
    import_feast()
    import mlflow.sklearn  # noqa: F401
    import pyiceberg.catalog.glue  # noqa: F401
    import skops.io  # noqa: F401  (imports every estimator of scikit-learn)


def main() -> None:
    """Answers until the driver closes the conversation."""
    output = _own_output()

    def say(message: dict[str, Any]) -> None:
        output.write(json.dumps(message) + "\n")
        output.flush()

    threading.Thread(target=_warm_up, daemon=True).start()
    life = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["step"] == "meet":
                from ml_platform_life.life import Life

                life = Life(Platform(**request["arguments"]), lambda text: say({"progress": text}))
                say({"result": {}})
            elif life is not None:
                say({"result": life.step(request["step"], request.get("arguments", {}))})
        except LifeFailure as failure:
            say({"failure": str(failure), "hint": failure.hint})
        except Exception as error:  # the driver shows the sentence; the log keeps the rest
            traceback.print_exc()
            say({"failure": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}", "hint": None})


if __name__ == "__main__":
    main()
