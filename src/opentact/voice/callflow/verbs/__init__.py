"""Every element of a call flow, one module each."""

from typing import Final

from opentact.voice.callflow.verb import Element

from .answer import Answer
from .call import Call
from .callback import Callback
from .case import Case
from .curl import Curl, Header
from .default import Default
from .dial import Dial
from .dtmf import Dtmf
from .error import Error
from .gather import Gather
from .geo import Geo
from .hangup import Hangup
from .hold import Hold
from .meta import Meta
from .pause import Pause
from .play import Play
from .record import Record
from .record_start import RecordStart
from .record_stop import RecordStop
from .record_wait import RecordWait
from .redirect import Redirect
from .reject import Reject
from .response import Response
from .say import Say
from .schedule import Schedule
from .switch import Switch
from .targets import Number, Sip, To
from .tone import Tone
from .unhold import Unhold

# In the order of the reference.
ELEMENTS: Final[tuple[type[Element], ...]] = (
    *(Response, Answer, Say, Play, Pause, Gather, Dtmf, Default, Error, Switch, Case),
    *(Record, RecordStart, RecordStop, RecordWait, Callback, Call, Schedule, Geo, Hangup),
    *(Dial, To, Number, Sip, Hold, Unhold, Tone, Curl, Header, Meta, Reject, Redirect),
)
