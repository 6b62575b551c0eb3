import pytest

from opentact.kit.faults import Fault
from opentact.numbers import faults


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.NumberRefused, 409),
        (faults.ProfileInUse, 409),
        (faults.ProfileNotFound, 404),
        (faults.LeaseNotFound, 404),
        (faults.OrderNotFound, 404),
        (faults.SpecialPricesNotFound, 404),
    ],
)
def test_what_is_not_there_is_404_and_what_is_in_the_way_409(
    fault: type[Fault], status: int
) -> None:
    assert fault().status == status
