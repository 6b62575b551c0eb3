"""/rest/admin/rate_deck: an operator uploads what calls cost."""

from support.world import World

SHEET = "prefix,per_minute,destination\n49,0.0125,Germany\nx,1,\n33,0.011,France\n"
PATH = "/rest/admin/rate_deck"


async def test_good_rows_are_kept_and_bad_ones_told(world: World) -> None:
    answer = await world.admin.client.put(
        f"{PATH}/7", content=SHEET, headers={"content-type": "text/csv"}
    )
    done = answer.json()["payload"]
    assert (done["rows"], done["kept"], done["bad"]) == (3, 2, 1)
    assert done["errors"][0]["line"] == 3
    assert done["errors"][0]["column"] == "prefix"
    shown = (await world.admin.client.get(f"{PATH}/7")).json()["payload"]
    assert (shown["id"], shown["rates"]) == (7, 2)


async def test_a_file_may_come_as_a_form(world: World) -> None:
    files = {"file": ("rates.csv", SHEET.encode(), "text/csv")}
    answer = await world.admin.client.put(f"{PATH}/8", files=files)
    assert answer.json()["payload"]["kept"] == 2
    listed = (await world.admin.client.get(PATH)).json()["payload"]
    assert 8 in [deck["id"] for deck in listed]


async def test_an_empty_file_and_a_number_out_of_range_are_refused(world: World) -> None:
    assert (await world.admin.client.put(f"{PATH}/7", content=" ")).status_code == 400
    assert (await world.admin.client.put(f"{PATH}/0", content=SHEET)).status_code == 400
    assert (await world.admin.client.get(f"{PATH}/99")).status_code == 404


async def test_decks_are_the_operators(world: World) -> None:
    assert (await world.alice.client.get(PATH)).status_code == 401
    assert (await world.alice.client.put(f"{PATH}/7", content=SHEET)).status_code == 401
