"""Every example of the reference of verbs, run by a real conversation on paper."""

from typing import Any

import pytest

from opentact.voice.callflow.reference import document
from opentact.voice.callflow.verb import Element
from opentact.voice.callflow.verbs import ELEMENTS
from opentact.voice.fetching import Fetched
from opentact.voice.testing_engines import PaperFetcher
from opentact.voice.testing_legs import PaperCallee, PaperDialler
from support.connected import Talk
from support.dialling import answer_of
from support.phone import Phone
from support.virtual_time import virtually


class Web(PaperFetcher):
    """Every address answers an empty flow."""

    async def fetch(self, method: str, url: str, **how: Any) -> Fetched:
        del method, how
        return Fetched(200, "text/xml", b"<Response/>", url, 1.0)


def talks(callee: PaperCallee) -> None:
    callee.answers(answer_of(callee))
    callee.hangs_up()


def is_busy(callee: PaperCallee) -> None:
    callee.refuses(486)


async def run(flow: str, dialler: PaperDialler, keys: str) -> Talk:
    inside = flow.partition("<Response>")[2].rpartition("</Response>")[0]
    call = Talk(flow=inside, phone=Phone(fetcher=Web()), dialler=dialler)
    await call.rings()
    call.caller.presses(keys)
    await call.phone.ended()
    return call


@virtually
@pytest.mark.parametrize("dialled", [talks, is_busy])
@pytest.mark.parametrize("keys", ["", "1", "7#"])
@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
async def test_every_example_of_a_verb_runs_and_the_call_ends(
    element: type[Element], keys: str, dialled: Any
) -> None:
    call = await run(document(element.grammar), PaperDialler(on_call=dialled), keys)
    assert call.phone.call.cause in {"flow_ended", "flow_hung_up", "flow_rejected", "flow_busy"}
    assert all("cannot run" not in reason for _, _, reason in call.phone.commands)
