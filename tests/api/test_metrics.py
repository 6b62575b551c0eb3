from support.happenings import change_balance
from support.websocket import connected
from support.world import World


async def test_metrics_count_requests_sockets_and_events(world: World) -> None:
    await world.alice.client.get(f"/rest/event/subscription/{world.alice.user}")
    await world.anonymous.get("/whatever/strangers/ask")
    await change_balance(world, world.alice, 1, 2)
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        text = (await world.anonymous.get("/metrics")).text
    route = 'method="GET",route="/rest/event/subscription/{uuid}",status="404"'
    for line in (
        f"opentact_http_requests_total{{{route}}} 1.0",
        'opentact_http_requests_total{method="GET",route="none",status="404"} 1.0',
        "opentact_websockets 1.0",
        "opentact_calls_live 0.0",
        "opentact_calls_waiting 0.0",
        'opentact_events_total{type="balance"} 2.0',
    ):
        assert line in text.splitlines()
