"""What every provider of numbers must do; an adapter proves itself by subclassing."""

from uuid import uuid4

import pytest

from opentact.numbers.faults import NumberRefused
from opentact.numbers.providers import NumberProvider

TN = 12025550100


class ProviderContract:
    def provider(self) -> NumberProvider:
        raise NotImplementedError

    async def test_the_same_reference_may_ask_again(self) -> None:
        provider, reference = self.provider(), uuid4()
        await provider.acquire(TN, reference=reference)
        await provider.acquire(TN, reference=reference)

    async def test_what_was_given_back_is_sold_again(self) -> None:
        provider, reference = self.provider(), uuid4()
        await provider.acquire(TN, reference=reference)
        await provider.release(TN, reference=reference)
        await provider.acquire(TN, reference=uuid4())


class SellerContract(ProviderContract):
    """A provider that has others to sell to as well."""

    async def test_a_number_is_sold_once(self) -> None:
        provider = self.provider()
        await provider.acquire(TN, reference=uuid4())
        with pytest.raises(NumberRefused, match="Error buying a number"):
            await provider.acquire(TN, reference=uuid4())

    async def test_only_the_buyer_gives_it_back(self) -> None:
        provider = self.provider()
        await provider.acquire(TN, reference=uuid4())
        await provider.release(TN, reference=uuid4())
        with pytest.raises(NumberRefused):
            await provider.acquire(TN, reference=uuid4())
