"""The engines of a node: media, speech, sound files and web requests."""

from contextlib import AsyncExitStack

from opentact.adapters.audio.shelf import AudioShelf
from opentact.adapters.http.fetcher import Fetcher
from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.adapters.speech.engine import LocalSpeech
from opentact.kit.ids import new_id
from opentact.voice.actor import Props
from opentact.voice.media import MediaEngine
from opentact.voice.timeline.traces import Traces
from opentact.voice.timeline.watching import WatchedFetcher

from .settings import Settings


async def open_engines(
    settings: Settings, stack: AsyncExitStack, traces: Traces | None = None
) -> tuple[Props, MediaEngine, LocalSpeech]:
    """Start them; they end with the stack. `traces` keep what is fetched for calls."""
    first, last = settings.port_range
    wanted = MediaSettings(
        first_port=first, last_port=last, rtp_timeout=float(settings.rtp_timeout)
    )
    media = await _open_media(settings, wanted, stack)
    networks = [part for part in settings.fetch_networks.split(",") if part]
    fetcher = Fetcher(allow_networks=networks)
    stack.push_async_callback(fetcher.close)
    asking = WatchedFetcher(fetcher, traces) if traces is not None else fetcher
    shelf = AudioShelf(asking, settings.data / "cache" / "audio")
    stack.push_async_callback(shelf.close)
    speech = LocalSpeech(settings.data / "cache" / "speech")
    stack.push_async_callback(speech.close)
    return Props(speech, shelf, asking), media, speech


async def _open_media(
    settings: Settings, wanted: MediaSettings, stack: AsyncExitStack
) -> MediaEngine:
    """Start the media engine and have it bind a leg once: the first caller must not wait for it."""
    if settings.media == "inline":
        inline = InlineMedia(wanted)
        stack.push_async_callback(inline.close)
        return inline
    media = ProcessMedia(wanted)
    stack.push_async_callback(media.close)
    await media.start()
    leg = await media.open(new_id(), settings.rtp_host or settings.sip_address[0])
    await leg.close()
    return media
