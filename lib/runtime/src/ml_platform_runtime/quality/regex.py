"""A contract's regular expression (RE2, as pyarrow reads it) in the words of Java's, which Athena and Spark read.

The two differ in silence: Java's `$` also matches before a last line break, and Athena may take another engine tomorrow. So only
what can be said in words that all engines read alike is translated, and the rest is refused.
"""

from __future__ import annotations

import re

from ml_platform_runtime.errors import BadInput

#: What may follow a backslash, outside and inside of brackets.
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_PUNCTUATION = set("\\^$.|?*+()[]{}/-!\"#%&',:;<=>@_`~ ")
_REPEAT = re.compile(r"\{\d+(,\d*)?\}")
_NAME = re.compile(r"\?P<(\w+)>")


def to_java(pattern: str, where: str, engine: str) -> str:
    """The same expression for `regexp_like`. Raises BadInput for what `engine` reads in another way."""
    return _Reader(pattern, where, engine).read()


class _Reader:
    def __init__(self, pattern: str, where: str, engine: str) -> None:
        self.where, self.pattern, self.engine, self.at = where, pattern, engine, 0

    def read(self) -> str:
        flags = "(?i)"
        written = [flags] if self.pattern.startswith(flags) else []
        self.at = len(flags) if written else 0
        while self.at < len(self.pattern):
            written.append(self._next())
        return "".join(written)

    def _next(self) -> str:
        one = self._take()
        if one == "\\":
            return self._escape(inside=False)
        if one == "[":
            return self._brackets()
        if one == "(":
            return self._group()
        if one == "{":
            repeat = _REPEAT.match(self.pattern, self.at - 1)
            self.at = repeat.end() if repeat else self.at
            return repeat.group() if repeat else r"\{"
        return {"^": r"\A", "$": r"\z", ".": r"[^\n]", "}": r"\}", "]": r"\]"}.get(one, one)

    def _group(self) -> str:
        if self.pattern[self.at : self.at + 1] != "?":
            return "("
        if self.pattern.startswith("?:", self.at):
            self.at += 2
            return "(?:"
        named = _NAME.match(self.pattern, self.at)
        if named is None:
            raise self._refusal(f"({self.pattern[self.at : self.at + 3]}")
        self.at = named.end()
        return "("

    def _brackets(self) -> str:
        written = ["["]
        if self.pattern[self.at : self.at + 1] == "^":
            written.append(self._take())
        first = True
        while (one := self._take()) != "]" or first:
            if one == "[" and self.pattern[self.at : self.at + 1] == ":":
                raise self._refusal("[:")
            # & stands for an intersection and [ for a set in the set, in Java alone
            written.append(
                self._escape(inside=True) if one == "\\" else f"\\{one}" if one in {"[", "]", "&", "^"} else one
            )
            first = False
        return f"{''.join(written)}]"

    def _escape(self, inside: bool) -> str:
        one = self._take()
        if one in _PUNCTUATION or one in {"t", "n", "r", "f"}:
            return f"\\{one}"
        if one in _CLASSES:
            return _CLASSES[one] if inside else f"[{_CLASSES[one]}]"
        if one.lower() in _CLASSES and not inside:
            return f"[^{_CLASSES[one.lower()]}]"
        if one in {"A", "z"} and not inside:
            return f"\\{one}"
        raise self._refusal(f"\\{one}")

    def _take(self) -> str:
        self.at += 1
        # pyarrow has compiled it before, so that it ends where it should
        return self.pattern[self.at - 1 : self.at]

    def _refusal(self, what: str) -> BadInput:
        return BadInput(
            f"{self.where} {self.pattern!r} has {what}, which {self.engine} reads in another way than RE2; "
            "write it with [...], ( ), (?: ), |, quantifiers, ^, $ and \\d \\w \\s, or check it in the task"
        )
