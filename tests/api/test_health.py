from support.world import build_world


async def test_health_asks_every_part(database_url: str) -> None:
    async def well() -> None: ...

    async def ill() -> None:
        raise OSError("host db.internal refused")

    async with build_world(database_url, pings={"database": well, "sip": well}) as world:
        answer = await world.anonymous.get("/health")
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert set(answer.json()["payload"]) == {"database", "sip"}
        world.services.pings["media"] = ill
        answer = await world.anonymous.get("/health")
        assert (answer.status_code, answer.json()["success"]) == (503, False)
        assert answer.json()["payload"]["sip"]["ok"] is True
        assert answer.json()["payload"]["media"]["code"] == "OSError"
        assert "db.internal" not in answer.text
