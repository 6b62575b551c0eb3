from support.numbers import stocked
from support.world import World


async def test_countries_and_zones_are_whole(world: World) -> None:
    client = world.alice.client
    countries = (await client.get("/rest/dict/country")).json()["payload"]
    assert len(countries) == 249
    [us] = [row for row in countries if row["a2"] == "US"]
    assert us == {
        "a2": "US",
        "a3": "USA",
        "name": "UNITED STATES",
        "n": 840,
        "country_code": 1,
        "national_code": None,
    }
    zones = {row["name"]: row for row in (await client.get("/rest/dict/tz")).json()["payload"]}
    assert len(zones) > 400
    new_york = zones["America/New_York"]
    assert (new_york["country_code"], new_york["utc_offset"], new_york["utc_dst_offset"]) == (
        "US",
        -5,
        -4,
    )
    assert zones["Asia/Kolkata"]["utc_offset"] == zones["Asia/Kolkata"]["utc_dst_offset"] == 5.5


async def test_voices_carry_the_codes_that_say_takes(world: World) -> None:
    voices = (await world.alice.client.get("/rest/dict/gtts")).json()["payload"]
    assert {"uuid", "type", "code", "name", "gender", "naturalSampleRateHertz"} == set(voices[0])
    assert len({voice["code"] for voice in voices}) == len(voices)


async def test_states_and_rate_centers_feed_the_search_form(world: World) -> None:
    client = world.alice.client
    states = (await client.get("/rest/dict/lerg/states?country=US")).json()["payload"]
    assert len(states) == 51
    [dc] = [row for row in states if row["state"] == "DC"]
    assert dc["npa"] == ["202", "771"]
    await stocked(world)
    found = (await client.get("/rest/dict/lerg/ratecenters?state=DC")).json()["payload"]
    assert found == [
        {"rate_center": "WSHNGTNZN1", "state": "DC", "npa": ["202"], "npa_nxx": ["202555"]}
    ]
    assert (await client.get("/rest/dict/lerg/ratecenters?state=NJ")).json()["payload"] == []


async def test_dictionaries_want_a_login(world: World) -> None:
    for path in ("country", "tz", "gtts", "lerg/states", "lerg/ratecenters"):
        assert (await world.anonymous.get(f"/rest/dict/{path}")).status_code == 401
