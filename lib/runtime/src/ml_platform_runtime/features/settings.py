"""Environment to the settings of all commands of this package."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ml_platform_runtime.config import EnvironmentReader
from ml_platform_runtime.features.storage import read_bytes

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", None, "")
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_SSL_MODES = ("disable", "allow", "prefer", *_ENCRYPTED)
_PARTS = {"HOST": "the host name", "NAME": "the name of the database", "USER": "the user", "PASSWORD": "the password"}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_REGISTRY = "FEAST_REGISTRY_URL"
_CONNECT_SECONDS = "10"


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of `features-*`; the README of this room lists the variables."""

    yaml: str
    repo_uri: str | None
    tables_uri: str | None
    environment: str
    variables: Mapping[str, str]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> FeatureSettings:
        """Raises BadInput with all faults."""
        reader = EnvironmentReader(environment)
        text = reader.optional("FEAST_STORE_YAML")
        uri = reader.optional("FEAST_STORE_YAML_URI")
        if not text and not uri:
            reader.add_fault(
                "neither FEAST_STORE_YAML nor FEAST_STORE_YAML_URI is set; give the text of feature_store.yaml, or its path or s3:// address"
            )
        if uri and not text:
            text = read_bytes(uri, "feature_store.yaml").decode()
        variables = _variables(reader, environment, text or "")
        for name in sorted({found for match in _VARIABLE.findall(text or "") for found in match if found}):
            if name not in variables:
                reader.add_fault(
                    f"feature_store.yaml asks for ${{{name}}}, which is not set; set it in the environment"
                )
        settings = cls(
            yaml=text or "",
            repo_uri=reader.optional("FEAST_REPO_URI"),
            tables_uri=reader.optional("FEAST_TABLES_URI"),
            environment=reader.text("ML_ENVIRONMENT", "default"),
            variables=variables,
        )
        reader.finish()
        return settings

    def export(self) -> None:
        """Make this process's environment what the yaml is expanded with; Feast expands it itself, in memory only."""
        os.environ.update(self.variables)


def _variables(reader: EnvironmentReader, environment: Mapping[str, str], text: str) -> dict[str, str]:
    variables = dict(environment)
    given = reader.optional(_REGISTRY)
    if given:
        variables[_REGISTRY] = _checked(given, reader)
    elif _REGISTRY in text or reader.optional("ML_DATABASE_HOST"):
        variables[_REGISTRY] = _assembled(reader)
    region = environment.get("AWS_REGION")
    if region:
        # boto3 reads this name only; containers are given the other.
        variables.setdefault("AWS_DEFAULT_REGION", region)
    return variables


def _assembled(reader: EnvironmentReader) -> str:
    parts = {
        name: reader.required(f"ML_DATABASE_{name}", f"{what}, or all in {_REGISTRY}") for name, what in _PARTS.items()
    }
    port = reader.integer("ML_DATABASE_PORT", 5432, 1, 65535)
    mode = reader.text("ML_DATABASE_SSLMODE", "prefer" if parts["HOST"] in _LOCAL_HOSTS else "require")
    url = URL.create(
        "postgresql+psycopg",
        username=parts["USER"],
        password=parts["PASSWORD"],
        host=parts["HOST"],
        port=port,
        database=parts["NAME"],
        query={"sslmode": mode, "connect_timeout": _CONNECT_SECONDS},
    )
    _check_mode(url, mode, "ML_DATABASE_SSLMODE", reader)
    return str(url.render_as_string(hide_password=False))


def _checked(text: str, reader: EnvironmentReader) -> str:
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        # The text may hold a password, so it is not repeated.
        reader.add_fault(f"{_REGISTRY} is no database address; give postgresql+psycopg://user:password@host:5432/name")
        return ""
    if url.get_backend_name() != "postgresql":
        return text
    defaults = {
        "sslmode": "prefer" if url.host in _LOCAL_HOSTS else "require",
        "connect_timeout": _CONNECT_SECONDS,
    }
    url = url.set(drivername="postgresql+psycopg", query={**defaults, **url.query})
    _check_mode(url, str(url.query["sslmode"]), f"sslmode of {_REGISTRY}", reader)
    return str(url.render_as_string(hide_password=False))


def _check_mode(url: URL, mode: str, name: str, reader: EnvironmentReader) -> None:
    if mode not in _SSL_MODES:
        reader.add_fault(f"{name} is {mode!r}; allowed are {', '.join(_SSL_MODES)}")
    elif mode not in _ENCRYPTED and url.host not in _LOCAL_HOSTS:
        reader.add_fault(
            f"{name} is {mode!r}, so the password could travel in clear text to {url.host}; allowed are {', '.join(_ENCRYPTED)}"
        )
