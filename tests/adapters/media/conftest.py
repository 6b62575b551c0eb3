from collections.abc import Iterator

import pytest

from adapters.media.bench import Bench, Phone


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.engine.close()


@pytest.fixture
def phone(bench: Bench) -> Iterator[Phone]:
    made = Phone(bench)
    yield made
    made.close()


@pytest.fixture
def other(bench: Bench) -> Iterator[Phone]:
    made = Phone(bench)
    yield made
    made.close()
