import asyncpg
import pytest

from support.postgres import PostgresServer


def dsn(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_every_test_gets_a_database_of_its_own(postgres: PostgresServer) -> None:
    with postgres.database() as one, postgres.database() as other:
        assert one != other
        connection = await asyncpg.connect(dsn(one))
        await connection.execute("CREATE TABLE leases (tn bigint)")
        await connection.close()
        with pytest.raises(RuntimeError, match="leases"):
            postgres.execute("SELECT * FROM leases", database=other.rpartition("/")[2])


def test_a_database_is_gone_after_its_test(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        name = url.rpartition("/")[2]
        assert postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == "1"
    assert postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == ""


def test_a_template_is_prepared_once_and_copied(postgres: PostgresServer) -> None:
    prepared = []

    def prepare(url: str) -> None:
        prepared.append(url)
        name = url.rpartition("/")[2]
        postgres.execute("CREATE TABLE t AS SELECT 7 AS n", database=name)

    for _ in range(2):
        with postgres.database(postgres.template("seven", prepare)) as url:
            assert postgres.execute("SELECT n FROM t", database=url.rpartition("/")[2]) == "7"
    assert len(prepared) == 1


def test_the_storage_fixture_offers_both_databases(database_url: str) -> None:
    assert database_url.startswith(
        ("sqlite+aiosqlite:////", "postgresql+asyncpg://opentact@127.0.")
    )
