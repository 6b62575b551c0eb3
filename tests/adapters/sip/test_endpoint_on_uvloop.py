"""What the server's own event loop does otherwise than asyncio's."""

import uvloop

from opentact.adapters.sip.endpoint import SipEndpoint

HOST = "127.0.0.1"


def test_a_timer_that_is_due_already_does_not_stop_the_next_call() -> None:
    """uvloop makes no timer for a time that has come, and what it makes has no `when`."""

    async def place_two_calls_late() -> int:
        endpoint = await SipEndpoint.open(HOST, 0, on_call=lambda leg: leg.reject(480))
        now = endpoint.now
        endpoint.now = lambda: now() - 100  # type: ignore[method-assign]
        uri = f"sip:+12015550101@{HOST}:9"
        for _ in range(2):
            endpoint.call(uri, to=uri, caller=f"sip:+12015550100@{HOST}", sdp=b"v=0\r\n")
        await endpoint.close(grace=0)
        return endpoint.counters.sent

    assert uvloop.run(place_two_calls_late()) >= 2
