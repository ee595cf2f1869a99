"""Writes what the tests and `extraArgs` know about a vLLM release, read from its wheel without running it.

    pip download --no-deps --only-binary :all: --platform manylinux_2_28_x86_64 --python-version 3.12 vllm==0.33.0
    python test/serving/scripts/read_vllm_wheel.py vllm-0.33.0-*.whl

It writes `test/serving/fixtures/vllm.json` (flags and metrics) and `lib/serving/blueprint/llm-flags.ts` (flags).
"""

from __future__ import annotations

import ast
import json
import pathlib
import re
import sys
import zipfile

ROOT = pathlib.Path(__file__).parents[3]
ENGINE = "vllm/engine/arg_utils.py"
FRONTEND = "vllm/entrypoints/common/cli_args.py"
# classes of cli_args.py whose every field is a flag
FRONTEND_STRUCTS = ("BaseFrontendArgs", "FrontendArgs")
METRICS = ("vllm/v1/metrics/loggers.py", "vllm/v1/spec_decode/metrics.py")


def added_arguments(tree: ast.AST) -> list[list[str]]:
    """The names of every `add_argument(...)`, each list one argument."""
    calls = [it for it in ast.walk(tree) if isinstance(it, ast.Call) and getattr(it.func, "attr", "") == "add_argument"]
    names = [[arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)] for call in calls]
    return [it for it in names if it and it[0].startswith("-")]


def is_switch(annotation: ast.expr) -> bool:
    """True for a field that is true or false: vLLM offers `--no-<flag>` too."""
    return "bool" in [it.id for it in ast.walk(annotation) if isinstance(it, ast.Name)]


def fields(tree: ast.AST) -> dict[str, bool]:
    """Field name to whether it is a switch, over all classes of a module."""
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = found.get(node.target.id, False) or is_switch(node.annotation)
    return found


def frontend_flags(tree: ast.AST) -> list[list[str]]:
    classes = [it for it in ast.walk(tree) if isinstance(it, ast.ClassDef) and it.name in FRONTEND_STRUCTS]
    names = [it.target.id for one in classes for it in one.body if isinstance(it, ast.AnnAssign) and isinstance(it.target, ast.Name)]
    return [[f"--{name.replace('_', '-')}"] for name in names]


def metric_names(source: str) -> set[str]:
    """Names as Prometheus sees them: a counter's ends in `_total`."""
    found: set[str] = set()
    for kind, name in re.findall(r"_(counter|gauge|histogram)_cls\(\s*name=\"(vllm:[a-z0-9_:]+)\"", source):
        found.add(f"{name}_total" if kind == "counter" and not name.endswith("_total") else name)
    return found


def main(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        def read(path: str) -> str:
            return archive.read(path).decode()

        engine, frontend = ast.parse(read(ENGINE)), ast.parse(read(FRONTEND))
        switches = {f"--{name.replace('_', '-')}" for name, switch in {**fields(engine), **fields(frontend)}.items() if switch}
        groups = added_arguments(engine) + added_arguments(frontend) + frontend_flags(frontend)
        metrics = sorted(set().union(*(metric_names(read(path)) for path in METRICS)))
        version = next(it.split("-")[1] for it in archive.namelist() if it.endswith(".dist-info/METADATA")).removesuffix(".dist")
    flags = sorted({name for group in groups for name in group if name.startswith("--")} | {"--config"})
    negatable = sorted(switches & set(flags))
    short = {name: next(it for it in group if it.startswith("--")) for group in groups for name in group if not name.startswith("--")}
    (ROOT / "test/serving/fixtures/vllm.json").write_text(
        json.dumps({"version": version, "flags": flags, "negatable": negatable, "short": short, "metrics": metrics}, indent=1) + "\n")
    (ROOT / "lib/serving/blueprint/llm-flags.ts").write_text(typescript(version, flags, negatable, short))


def typescript(version: str, flags: list[str], negatable: list[str], short: dict[str, str]) -> str:
    return "\n".join([
        f"// Flags of `vllm serve` {version}, written by test/serving/scripts/read_vllm_wheel.py from the release's wheel",
        "// (vllm/engine/arg_utils.py and vllm/entrypoints/common/cli_args.py). Do not edit.",
        "",
        "/** The release whose flags these are. */",
        f"export const VLLM_VERSION = '{version}';",
        "",
        "/** Long flags, without their two hyphens. */",
        "export const VLLM_FLAGS: ReadonlySet<string> = new Set(`",
        *wrap([it.removeprefix("--") for it in flags]),
        "`.trim().split(/\\s+/));",
        "",
        "/** Flags that also exist with `no-` in front. */",
        "export const VLLM_SWITCHES: ReadonlySet<string> = new Set(`",
        *wrap([it.removeprefix("--") for it in negatable]),
        "`.trim().split(/\\s+/));",
        "",
        "/** Short flags, without their hyphen, and what they stand for. */",
        "export const VLLM_SHORT_FLAGS: ReadonlyMap<string, string> = new Map(`",
        *wrap([f"{name.removeprefix('-')}={short[name].removeprefix('--')}" for name in sorted(short)]),
        "`.trim().split(/\\s+/).map((it): [string, string] => [it.slice(0, it.indexOf('=')), it.slice(it.indexOf('=') + 1)]));",
        "",
    ])


def wrap(words: list[str], width: int = 138) -> list[str]:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"  {line}" for line in lines]


if __name__ == "__main__":
    main(sys.argv[1])
