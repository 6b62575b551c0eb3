from adapters.media.contract import MediaContract
from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings


class TestInlineMedia(MediaContract):
    async def make(self, settings: MediaSettings) -> InlineMedia:
        return InlineMedia(settings)
