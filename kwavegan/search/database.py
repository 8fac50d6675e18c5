"""The database of a study: its URL, its driver, and what it says where it fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import OptunaError

from kwavegan.backend.selection import package_folder
from kwavegan.errors import InputError, setting
from kwavegan.search.reconnecting import ReconnectingStorage, database_error
from kwavegan.search.sqlite_files import BUSY, GuardedConnection

HEARTBEAT_SECONDS = 60
"""Seconds between two heartbeats of a trial."""

LOST_AFTER_SECONDS = 600
"""Seconds without a heartbeat after which another machine trains a trial anew."""

_DRIVERS = {
    "postgresql": ("psycopg", "psycopg2"),
    "mysql": ("MySQLdb", "pymysql"),
    "mariadb": ("MySQLdb", "pymysql"),
}
"""Database → the modules that serve a URL which names none: the first that is installed."""

_ADVISED = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
"""Database → the module to install where there is none: one that needs no compiler."""

_PACKAGES = {
    "psycopg": "'kwavegan[postgres]'",
    "psycopg2": "psycopg2-binary",
    "mysqldb": "mysqlclient",
    "pymysql": "'pymysql[rsa]'",
    "mysqlconnector": "mysql-connector-python",
}
"""Driver in a URL → what `pip install` takes; of others the name serves."""

_LIBPQ = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""What makes PostgreSQL's library notice within a minute that a network is gone, not in hours."""

_STORAGE = setting("storage")


def file_url(path: Path) -> str:
    """Return the URL of an SQLite file."""
    url = sqlalchemy.URL.create("sqlite", database=str(path.resolve()))
    # Optuna replaces templates in a URL, such as {SCHEMA_VERSION}.
    return url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")


def open_storage(url: str, home: str = "") -> ReconnectingStorage:
    """Open the database of studies, and create its tables if it has none.

    Args:
        url: as SQLAlchemy reads it: `sqlite:///search.db`, `postgresql://user:word@host/name`.
        home: marks the trials of this search.

    Raises:
        InputError: the URL is no database's, its driver is missing, or the database cannot be
            reached; the message never holds the password.
    """
    shown = shown_url(url)
    url = _with_driver(url)
    try:
        return _with_tables(url, home)
    except ImportError as error:
        driver = sqlalchemy.make_url(url).drivername.split("+")[-1]
        package = _PACKAGES.get(driver, driver)
        missing = getattr(error.__cause__, "name", None) or driver
        raise InputError(f"{shown}: {missing} is missing; run: pip install {package}") from None
    except sqlalchemy.exc.NoSuchModuleError:
        raise InputError(
            f"{shown}: is no database that Optuna knows; give sqlite:///FILE, postgresql://… or "
            "mysql://…"
        ) from None
    except (sqlalchemy.exc.SQLAlchemyError, OptunaError) as error:
        why = reason(error, url)
        raise InputError(f"{shown}: cannot be used: {why}; check {_STORAGE}") from None
    except (RuntimeError, KeyError, ValueError) as error:
        # RuntimeError: tables of another version of Optuna; KeyError: an unknown template in a URL.
        why = reason(error, url)
        raise InputError(f"{shown}: cannot be used: {why}; give another {_STORAGE}") from None


def _with_driver(url: str) -> str:
    """Name the driver in a URL that leaves it open: releases of SQLAlchemy differ in theirs."""
    database, separator, rest = url.partition("://")
    if database not in _DRIVERS:
        return url
    installed = (name for name in _DRIVERS[database] if package_folder(name))
    driver = next(installed, _ADVISED[database])
    return f"{database}+{driver.lower()}{separator}{rest}"


def _engine_options(url: str) -> dict[str, Any]:
    parsed = sqlalchemy.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY, "factory": GuardedConnection}}
    options: dict[str, Any] = {"pool_pre_ping": True}
    if parsed.drivername in ("postgresql+psycopg", "postgresql+psycopg2"):
        given = {name: value for name, value in _LIBPQ.items() if name not in parsed.query}
        options["connect_args"] = given
    return options


def _with_tables(url: str, home: str) -> ReconnectingStorage:
    """Connect, and create the tables, unless another search creates them in the same moment."""
    tries = 30
    while True:
        try:
            storage = ReconnectingStorage(
                url,
                home,
                engine_kwargs=_engine_options(url),
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=LOST_AFTER_SECONDS,
            )
        except sqlalchemy.exc.DatabaseError as error:
            there = isinstance(error, sqlalchemy.exc.IntegrityError) or "exists" in str(error.orig)
            tries -= 1
            if not there or not tries:
                raise
        else:
            _keep_utc(storage.engine)
            return storage
        time.sleep(0.1)


def _keep_utc(engine: Any) -> None:
    """Have PostgreSQL tell UTC: where clocks go forward an hour, every heartbeat would look old."""
    if engine.name != "postgresql":
        return

    @sqlalchemy.event.listens_for(engine, "connect")
    def _set_zone(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    engine.dispose()  # connections from before


def shown_url(url: str) -> str:
    """Return a URL without its password and its query, which may hold one."""
    try:
        parsed = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise InputError(
            f"{_STORAGE}: is no URL of a database; write sqlite:///FILE or postgresql://…"
        ) from None
    return parsed.set(query={}).render_as_string(hide_password=True)


def reason(error: BaseException, url: str) -> str:
    """Return the first line of a database error, with the secrets of the URL blotted out."""
    cause: Any = database_error(error) or error
    lines = str(getattr(cause, "orig", None) or cause).strip().splitlines()
    text = lines[0].rstrip(".") if lines else type(cause).__name__
    parsed = sqlalchemy.make_url(url)
    queried = [v for values in parsed.normalized_query.values() for v in values]
    for secret in filter(None, [parsed.password, *queried]):
        text = text.replace(str(secret), "***")
    return text


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turn a failure of the database within a block into an `InputError`.

    Raises:
        InputError: the database failed within the block.
    """
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, OptunaError) as error:
        raise InputError(
            f"{shown_url(url)}: failed: {reason(error, url)}; the running trials are saved; once"
            " it works again, give the same command"
        ) from error
