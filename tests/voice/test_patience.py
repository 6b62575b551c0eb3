import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from opentact.adapters.storage.faults import DatabaseUnusable
from opentact.kit.faults import NotFound
from opentact.voice.patience import patiently

GONE = DatabaseUnusable("The database does not answer")
CUT = OperationalError("SELECT 1", {}, Exception("the connection is closed"))


class Work:
    """Fails so often, then is done."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = [*errors]
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentact.voice.patience.AGAIN_S", 0.0)


async def test_work_is_done_again_until_the_database_is_back() -> None:
    work = Work(GONE, CUT, ConnectionRefusedError(), GONE)
    assert await patiently(work) == "done"
    assert work.tries == 5


@pytest.mark.parametrize(
    "error", [NotFound("gone"), IntegrityError("INSERT", {}, Exception()), KeyError("a mistake")]
)
async def test_what_is_wrong_by_itself_is_not_done_again(error: Exception) -> None:
    work = Work(GONE, error)
    with pytest.raises(type(error)):
        await patiently(work)
    assert work.tries == 2
