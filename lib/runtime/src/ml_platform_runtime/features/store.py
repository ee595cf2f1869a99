"""An opened Feast store, with Feast's chatter on stderr and its errors as one line each."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.features.feast_import import import_feast
from ml_platform_runtime.features.repository import load_config, workspace
from ml_platform_runtime.features.settings import FeatureSettings


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Errors of Feast, the database, S3 and Iceberg become one line; stdout stays free for the result."""
    import_feast()
    import psycopg
    import redis
    from feast.errors import FeastError
    from pyiceberg.exceptions import NoSuchTableError
    from sqlalchemy.exc import SQLAlchemyError

    with contextlib.redirect_stdout(sys.stderr):
        try:
            yield
        except (RuntimeFault, *aws.AWS_ERRORS):
            raise
        except (SQLAlchemyError, psycopg.Error) as error:
            cause = getattr(error, "orig", None) or error
            raise RuntimeFault(
                f"the database of the registry or the online store failed: {_line(cause)}; "
                "nothing is lost: start again when it answers"
            ) from error
        except redis.RedisError as error:
            raise RuntimeFault(
                f"the online store failed: {_line(error)}; nothing is lost: start again when it answers"
            ) from error
        except NoSuchTableError as error:
            raise BadInput(
                f"the source table does not exist: {_line(error)}; deploy it, or correct the source"
            ) from error
        except FeastError as error:
            raise RuntimeFault(f"Feast refuses: {_line(error)}") from error
        except OSError as error:
            # pyarrow reports S3's refusals as OSError.
            raise RuntimeFault(
                f"data cannot be read or written: {_line(error)}; nothing is lost: start again"
            ) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


@contextlib.contextmanager
def opened(settings: FeatureSettings, *, provider: str | None = None) -> Iterator[Any]:
    """The Feast store of the settings; definitions come from the registry."""
    with told(), workspace(settings, definitions=False) as folder:
        config = load_config(folder)
        check_registry(config)
        yield open_store(config, folder, provider)


def open_store(config: Any, folder: Path, provider: str | None = None) -> Any:
    """A store of a configuration; `provider` replaces the one that the yaml names, for this process only."""
    from feast import FeatureStore

    config.repo_path = folder
    if provider:
        config.provider = provider
    return FeatureStore(repo_path=str(folder), config=config)


def check_registry(config: Any) -> None:
    """Raises BadInput unless the registry is a database: two writers of a registry file lose one another's work."""
    if config.registry.registry_type != "sql":
        raise BadInput(
            f"the registry is of type {config.registry.registry_type}, where one of two concurrent writers is lost; use registry_type: sql"
        )


def views_of(store: Any) -> dict[str, Any]:
    """All views with rows in the online store, by name: batch and stream views, not on-demand ones."""
    return {view.name: view for view in [*store.list_batch_feature_views(), *store.list_stream_feature_views()]}


def chosen_views(store: Any, names: list[str]) -> list[Any]:
    """The named views, or all that are online. Raises BadInput for one that is not registered."""
    known = views_of(store)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadInput(
            f"view {', '.join(unknown)} is not registered in project {store.project}; registered are {', '.join(sorted(known)) or 'none'}; apply it first"
        )
    offline = [name for name in names if not known[name].online]
    if offline:
        raise BadInput(f"view {', '.join(offline)} is not online; set online=True in its definition, and apply it")
    return [known[name] for name in names] if names else [view for _, view in sorted(known.items()) if view.online]
