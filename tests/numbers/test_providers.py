from opentact.numbers.providers import OwnStock, SimulatedProvider
from support.number_provider import ProviderContract, SellerContract


class TestSimulatedProvider(SellerContract):
    def provider(self) -> SimulatedProvider:
        return SimulatedProvider()


class TestOwnStock(ProviderContract):
    def provider(self) -> OwnStock:
        return OwnStock()
