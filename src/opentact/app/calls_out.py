"""What works beside the telephone exchange: batches, webhooks of apps, transcripts."""

import secrets
import string
from pathlib import Path
from typing import Any
from uuid import UUID

from opentact.accounts.accounts import get_account
from opentact.adapters.speech.transcriber import LocalTranscriber
from opentact.adapters.storage.database import Database
from opentact.api.services import Services
from opentact.api.wire.calls import call_entity
from opentact.voice.app_webhooks import AppWebhooks, Entity
from opentact.voice.apps import get_app_for_call
from opentact.voice.batch_runner import BatchRunner
from opentact.voice.call_events import CallCard
from opentact.voice.calls import get_call
from opentact.voice.fetching import FetchPort
from opentact.voice.transcribing import Transcripts
from opentact.voice.verifying import CODE_DIGITS, Verifier

from .ground import Ground


async def open_batches(ground: Ground, services: Services) -> BatchRunner | None:
    """Go on with the batches that were not finished; they stop before their calls are ended."""
    if services.placer is None:
        return None
    runner = BatchRunner(ground.database, services.placer, ground.events, ground.clock, ground.node)
    await runner.start()
    ground.stack.push_async_callback(runner.close)
    return runner


def open_verifier(ground: Ground, services: Services) -> Verifier | None:
    """Let numbers be called for their codes; it stops before the calls are ended."""
    if services.placer is None:
        return None
    verifier = Verifier(ground.database, services.placer, ground.clock, new_code)
    ground.stack.push_async_callback(verifier.close)
    return verifier


def open_transcripts(ground: Ground) -> LocalTranscriber:
    """Write down what is said in recordings, once their calls are over."""
    model = ground.settings.transcription_model
    transcriber = LocalTranscriber(Path(model) if model else None)
    ground.stack.push_async_callback(transcriber.rest)
    transcripts = Transcripts(
        ground.database,
        transcriber,
        ground.events,
        ground.clock,
        ground.node,
        ground.recordings,
        explain=ground.call_links.link,
    )
    ground.bus.listen_to_all(transcripts.published)
    ground.keep(transcripts.run(), "transcripts")
    return transcriber


def new_code() -> str:
    """Draw the digits that verify a number."""
    return "".join(secrets.choice(string.digits) for _ in range(CODE_DIGITS))


def open_app_webhooks(ground: Ground, fetcher: FetchPort) -> AppWebhooks:
    """Tell apps of their calls; opened before there are any, so that it ends after them."""
    hooks = AppWebhooks(fetcher, entities_of(ground.database))
    ground.bus.listen_to_all(hooks.published)
    ground.stack.push_async_callback(hooks.close)
    return hooks


def entities_of(database: Database) -> Entity:
    """Give calls as the API shows them."""

    async def entity(account: UUID, uuid: UUID) -> dict[str, Any]:
        async with database.read() as session:
            call = await get_call(session, account, uuid)
            app = await get_app_for_call(session, call.app_uuid) if call.app_uuid else None
            return call_entity(CallCard(call, await get_account(session, account), app))

    return entity
