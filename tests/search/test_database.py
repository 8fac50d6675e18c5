"""The database of a study, as a user names it: which driver, and which package holds it."""

import sys

import pytest

from kwavegan.errors import InputError
from kwavegan.search import database
from kwavegan.search.study import quiet


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("postgresql://me:hidden@host/x", "psycopg", "'kwavegan[postgres]'"),
        ("postgresql+psycopg://me:hidden@host/x", "psycopg", "'kwavegan[postgres]'"),
        ("postgresql+psycopg2://me:hidden@host/x", "psycopg2", "psycopg2-binary"),
        ("postgresql+pg8000://me:hidden@host/x", "pg8000", "pg8000"),
        ("mysql://me:hidden@host/x", "pymysql", "'pymysql[rsa]'"),
        ("mariadb://me:hidden@host/x", "pymysql", "'pymysql[rsa]'"),
        ("mysql+mysqldb://me:hidden@host/x", "MySQLdb", "mysqlclient"),
        ("mysql+mysqlconnector://me:hidden@host/x", "mysql.connector", "mysql-connector-python"),
    ],
)
def test_a_missing_driver_is_told_with_its_package(monkeypatch, url, module, package):
    for name in ("psycopg", "psycopg2", "pg8000", "MySQLdb", "pymysql", "mysql"):
        monkeypatch.setitem(sys.modules, name, None)  # what is missing to an import
    with quiet(), pytest.raises(InputError) as refused:
        database.open_storage(url)
    said = refused.value.for_command_line()
    assert f"@host/x: {module} is missing; run: pip install {package}" in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("installed", "url", "becomes"),
    [
        (["psycopg", "psycopg2"], "postgresql://host/x", "postgresql+psycopg://host/x"),
        (["psycopg2"], "postgresql://host/x", "postgresql+psycopg2://host/x"),
        (["psycopg2"], "postgresql+psycopg://host/x", "postgresql+psycopg://host/x"),
        (["pymysql"], "mysql://host/x", "mysql+pymysql://host/x"),
        (["MySQLdb", "pymysql"], "mysql://host/x", "mysql+mysqldb://host/x"),
        (["psycopg"], "sqlite:///{{x}}.db", "sqlite:///{{x}}.db"),
        (["psycopg"], "study.db", "study.db"),
    ],
)
def test_a_url_without_a_driver_takes_one_that_is_installed(monkeypatch, installed, url, becomes):
    monkeypatch.setattr(database, "package_folder", lambda name: name in installed or None)
    assert database._with_driver(url) == becomes


def test_what_a_url_says_of_the_network_stands():
    url = "postgresql+psycopg://host/x?connect_timeout=3"
    arguments = database._engine_options(url)["connect_args"]
    assert "connect_timeout" not in arguments
    assert arguments["tcp_user_timeout"] == 60_000
