"""The engines of a node: which the settings choose, and that they let go of what they held."""

import socket
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from opentact.adapters.http.faults import FetchRefused
from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.inline import InlineMedia
from opentact.app.engines import open_engines
from opentact.app.settings import Settings
from opentact.voice.media import MediaEngine
from support.peers import MEDIA_FIRST, MEDIA_LAST

INLINE = Settings(sip="127.0.0.1:0", media="inline", rtp_ports=f"{MEDIA_FIRST}-{MEDIA_LAST}")


@pytest.mark.parametrize(("media", "kind"), [("inline", InlineMedia), ("process", ProcessMedia)])
async def test_media_is_where_the_setting_wants_it_and_within_its_ports(
    tmp_path: Path, media: str, kind: type[MediaEngine]
) -> None:
    settings = replace(INLINE, data=tmp_path, media=media)
    async with AsyncExitStack() as stack:
        _, engine, _ = await open_engines(settings, stack)
        assert isinstance(engine, kind)
        leg = await engine.open(UUID(int=1), "127.0.0.1")
        assert MEDIA_FIRST <= leg.port <= MEDIA_LAST
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as let_go:
        let_go.bind(("127.0.0.1", leg.port))


async def test_customers_web_servers_are_asked_where_the_setting_allows(tmp_path: Path) -> None:
    settings = replace(INLINE, data=tmp_path, fetch_networks="")
    async with AsyncExitStack() as stack:
        props, _, _ = await open_engines(settings, stack)
        with pytest.raises(FetchRefused):
            await props.fetcher.fetch("GET", "http://127.0.0.1:1/flow.xml")
