import pytest

from opentact.adapters.http.faults import FetchTooLarge
from opentact.kit.faults import Fault
from opentact.voice.fetching import Fetched
from opentact.voice.flow_source import APOLOGY, Chosen, choose_flow, seconds
from opentact.voice.testing_engines import told_by_url
from support.phone import app

GOOD = b"<Response><Hangup/></Response>"
STATIC = b"<Response><Pause/></Response>"
ENTITY = {"uuid": "u", "from": "+12025550199", "to": "12025550100"}
HTML = Fetched(200, "text/html", GOOD, "http://flow.test/", 1.0)


class Slow(Fault):
    code = "fetch_timeout"


class Refused(Fault):
    code = "fetch_forbidden"


async def choose(
    *answers: bytes | Fetched | Fault | None, static: bytes | None = None, **values: object
) -> tuple[Chosen, list[str], list[dict[str, object]]]:
    told: list[str] = []
    fetcher = told_by_url(flow=answers)
    url = "http://flow.test/" if answers else None
    chosen = await choose_flow(
        app(call_flow_url=url, **values),
        static,
        lambda: ENTITY,
        fetcher=fetcher,
        tell=lambda command: told.append(f"{command.path}: {command.reason}"),
    )
    return chosen, told, fetcher.asked


def verbs(chosen: Chosen) -> list[str]:
    assert chosen.flow is not None
    return [verb.grammar.name for verb in chosen.flow.verbs]


async def test_the_url_goes_first() -> None:
    chosen, told, asked = await choose(GOOD, static=STATIC)
    assert (verbs(chosen), told) == (["Hangup"], [])
    assert asked[0]["params"] == {"from": "+12025550199", "to": "12025550100"}
    assert (asked[0]["method"], asked[0]["json"], asked[0]["timeout"]) == ("GET", None, 60.0)


async def test_a_post_carries_the_call() -> None:
    _, _, asked = await choose(GOOD, call_flow_method="POST", call_flow_request_timeout=1500)
    assert (asked[0]["json"], asked[0]["timeout"]) == (ENTITY, 1.5)


async def test_without_a_url_the_static_flow_runs() -> None:
    chosen, told, _ = await choose(static=STATIC)
    assert (verbs(chosen), told) == (["Pause"], [])


async def test_with_neither_nobody_knows_yet() -> None:
    assert await choose() == (Chosen(None), [], [])


async def test_a_fetch_that_fails_is_repeated_once() -> None:
    chosen, told, asked = await choose(Slow("too slow"), GOOD, static=STATIC)
    assert verbs(chosen) == ["Hangup"]
    assert told == ["call_flow_url: fetch_timeout: too slow"]
    assert len(asked) == 2


async def test_after_the_second_failure_the_static_flow_runs() -> None:
    chosen, told, asked = await choose(Slow("too slow"), static=STATIC)
    assert (verbs(chosen), len(told), len(asked)) == (["Pause"], 2, 2)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Refused("not there"), "fetch_forbidden"),
        (FetchTooLarge("10 MB"), "fetch_too_large"),
        (HTML, "call_flow_not_xml"),
        (b"<Response><Dance/></Response>", "call_flow_refused"),
        (b"", "call_flow_refused"),
    ],
)
async def test_what_would_fail_again_is_not_repeated(answer: bytes | Fault, why: str) -> None:
    chosen, told, asked = await choose(answer, static=STATIC)
    assert (verbs(chosen), len(asked), len(told)) == (["Pause"], 1, 1)
    assert told[0].startswith(f"call_flow_url: {why}: ")


async def test_when_all_fails_the_caller_hears_an_apology() -> None:
    chosen, told, _ = await choose(HTML, static=b"<Response>")
    assert chosen == Chosen(APOLOGY, apology=True)
    assert [each.partition(":")[0] for each in told] == ["call_flow_url", "static_call_flow"]
    assert (await choose(HTML))[0].apology


@pytest.mark.parametrize(("ms", "s"), [(None, 60.0), (0, 60.0), (1500, 1.5), (600_000, 60.0)])
def test_no_timeout_still_ends_while_someone_listens(ms: int | None, s: float) -> None:
    assert seconds(ms) == s
