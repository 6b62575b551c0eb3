"""One sample of each thing that can happen, for the golden files in docs/events.

A new event needs one line in `SAMPLES`; then write its file by
`PYTHONPATH=src:tests .venv/bin/python -m support.samples`, and read what it wrote.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from opentact.accounts.accounts import Account, Level
from opentact.accounts.users import User
from opentact.api import app as _app
from opentact.api.wire.events import render
from opentact.api.wire.sockets import auth_frame
from opentact.billing.ledger import BalanceChanged
from opentact.events.log import Place
from opentact.numbers.events import LeaseReleased, LeaseRenewed, OrderChanged, OrderSummary
from opentact.voice.apps import SipControlApp
from opentact.voice.batches import Batch, BatchChanged, BatchState
from opentact.voice.binding_book import UserStateChanged
from opentact.voice.call_events import (
    CallCard,
    CallChanged,
    CommandEnded,
    RecordingChanged,
    Transcribed,
)
from opentact.voice.callflow.steps import Command
from opentact.voice.calls import Call, CallState, Direction, thread_of
from opentact.voice.domains import SipDomain
from opentact.voice.recordings import Recording, RecordingState
from opentact.voice.sip_users import SipUser
from opentact.voice.transcripts import Segment, TranscriptState, new_transcript
from opentact.voice.trunk_events import TrunkPart, TrunkTurned
from opentact.voice.trunk_ways import TrunkKind

assert _app  # with the app, every module that registers a spelling is loaded

GOLDEN = Path(__file__).parents[2] / "docs" / "events"
AT = datetime(2024, 2, 20, 16, 41, 44, 795_000, tzinfo=UTC)
BEGAN = AT - timedelta(seconds=10)
CALLER, CALLED = "+12015550168", "12015550100"


def uuid(number: int) -> UUID:
    return UUID(f"018dc757-0000-7000-8000-{number:012d}")


EVENT, CONNECTION, LEASE = uuid(1), uuid(2), uuid(3)


def account(identity: UUID) -> Account:
    """Alice's account, to change as a test likes."""
    return Account(
        uuid=identity,
        created_on=datetime(2024, 1, 1, tzinfo=UTC),
        modified_on=datetime(2024, 1, 2, tzinfo=UTC),
        name="Alice and partners",
        email="office@example.com",
        level=Level.LEVEL2,
        balance=Decimal("814.85626"),
        phone="2015550100",
        address1="1 Main Street",
        zip_code="07001",
        city="Avenel",
    )


ACCOUNT = account(uuid(10))
USER = User(
    uuid=uuid(11),
    created_on=datetime(2024, 1, 1, tzinfo=UTC),
    modified_on=datetime(2024, 1, 2, tzinfo=UTC),
    account_uuid=ACCOUNT.uuid,
    email="alice@example.com",
    password_hash="never shown",
    first_name="Alice",
    last_name="Archer",
    phone_number="2015550100",
)
APP = SipControlApp(
    uuid=uuid(12),
    created_on=datetime(2024, 1, 3, tzinfo=UTC),
    modified_on=datetime(2024, 1, 3, tzinfo=UTC),
    account_uuid=ACCOUNT.uuid,
    name="Menu",
    tech_prefix=4217,
)
_TIMES = {
    CallState.INIT: ("init_on", 0.013),
    CallState.RINGING: ("ring_on", 0.016),
    CallState.LIVE: ("answer_on", 1.3),
    CallState.HANGUP: ("hangup_on", 9.9),
    CallState.DESTROYED: ("destroy_on", 10.0),
}


def call(state: CallState, **ended: Any) -> CallCard:
    """A call that has come as far as `state`."""
    passed = list(_TIMES)[: list(_TIMES).index(state) + 1]
    times: dict[str, Any] = {
        name: BEGAN + timedelta(seconds=s) for name, s in (_TIMES[one] for one in passed)
    }
    card = Call(
        uuid=uuid(20),
        created_on=BEGAN,
        modified_on=BEGAN,
        account_uuid=ACCOUNT.uuid,
        direction=Direction.IN,
        from_=CALLER,
        to=CALLED,
        node="node-1",
        state=state,
        thread=thread_of(CALLER, CALLED),
        tn=int(CALLED),
        app_uuid=APP.uuid,
        duration=8 if CallState.HANGUP in passed else 0,
        **times,
        **ended,
    )
    return CallCard(card, ACCOUNT, APP, debug_url=PAGE)


PAGE = f"https://api.example.com/calls/{uuid(20)}?expires=1711039304&signature=…"
NORMAL = {
    "q850_cause": 16,
    "q850_cause_string": "NORMAL_CLEARING",
    "sip_status": 200,
    "cause": "normal_clearing",
    "blame": "caller",
    "reason": "The caller hung up",
}
LIVE = call(CallState.LIVE)
SAID = Command("Say", success=True, reason="Said 12 words", path="Say[0]", tag="hello")
FAILED = Command(
    "Play",
    success=False,
    reason="no answer (404)",
    path="Gather[0]/Play[0]",
    error=(Command("Say", success=True, reason="Said 3 words", path="Gather[0]/Play[0]/Say[0]"),),
)
RECORDING = Recording(
    uuid=uuid(30),
    created_on=AT,
    modified_on=AT,
    account_uuid=ACCOUNT.uuid,
    call_uuid=uuid(20),
    state=RecordingState.STORED,
    tag="voicemail",
    file="x.wav",
    duration=4200,
    size=67_244,
    ended_by="silence",
)
ORDER = OrderSummary(uuid(40), "success", BEGAN, AT, total=2, success=1, processing=0, failed=1)
LINK = f"https://api.example.com/rest/record/{uuid(30)}/file?expires=1708450904&signature=…"
NEXT_MONTH = datetime(2024, 3, 20, 16, 41, 44, tzinfo=UTC)

SIP_DOMAIN = SipDomain(
    uuid=uuid(70),
    created_on=datetime(2024, 1, 4, tzinfo=UTC),
    modified_on=datetime(2024, 1, 4, tzinfo=UTC),
    account_uuid=ACCOUNT.uuid,
    domain="acme.sip.example.com",
)
SIP_USER = SipUser(
    uuid=uuid(71),
    created_on=datetime(2024, 1, 5, tzinfo=UTC),
    modified_on=datetime(2024, 1, 5, tzinfo=UTC),
    account_uuid=ACCOUNT.uuid,
    sip_domain_uuid=SIP_DOMAIN.uuid,
    login="bob",
    login_key="bob",
    ha1="never shown",
    ha1b="never shown",
    ha1_sha256="never shown",
    ha1b_sha256="never shown",
    first_name="Bob",
    last_name="Baker",
)
BATCH = Batch(
    uuid=uuid(70),
    account_uuid=ACCOUNT.uuid,
    profile_uuid=uuid(71),
    lease_uuid=LEASE,
    node="node",
    state=BatchState.PROCESSING,
    total=2000,
    success=1203,
    failed=64,
    created_on=BEGAN,
    modified_on=AT,
)

TRANSCRIPT = new_transcript(RECORDING)
TRANSCRIPT.state, TRANSCRIPT.language = TranscriptState.STORED, "en"
TRANSCRIPT.text = "Please call me back. It is about Monday."
TRANSCRIPT.segments = [
    asdict(Segment(0.0, 1.84, "Please call me back.", 0.81)),
    asdict(Segment(2.3, 4.02, "It is about Monday.", 0.77)),
]

SAMPLES: dict[str, object] = {
    "balance": BalanceChanged(ACCOUNT, Decimal("814.85626"), "voice_charge_in"),
    "call_state.init": CallChanged(call(CallState.INIT), CallState.INIT, 1),
    "call_state.ringing": CallChanged(call(CallState.RINGING), CallState.RINGING, 2),
    "call_state.live": CallChanged(LIVE, CallState.LIVE, 3),
    "call_state.hangup": CallChanged(call(CallState.HANGUP, **NORMAL), CallState.HANGUP, 6),
    "call_state.destroyed": CallChanged(
        call(CallState.DESTROYED, **NORMAL), CallState.DESTROYED, 7
    ),
    "call_flow": CommandEnded(LIVE, SAID, line=3, seq=4),
    "call_flow.failed": CommandEnded(LIVE, FAILED, line=5, seq=5),
    "call_record": RecordingChanged(LIVE, RECORDING, LINK, 5),
    "call_transcript": Transcribed(call(CallState.DESTROYED, **NORMAL), RECORDING, TRANSCRIPT, 8),
    "tn_order": OrderChanged(ACCOUNT, ORDER),
    "tn.renewed": LeaseRenewed(ACCOUNT, LEASE, 12015550100, NEXT_MONTH),
    "batch": BatchChanged(ACCOUNT, BATCH),
    "trunk_state": TrunkTurned(
        ACCOUNT,
        uuid(60),
        TrunkKind.CONNECTION,
        "office",
        TrunkPart.TARGET,
        "udp:192.0.2.7:5060",
        "up",
        "down",
        "no answer to OPTIONS, the 3rd failure in a row",
    ),
    "sip_user_state": UserStateChanged(ACCOUNT, SIP_DOMAIN, SIP_USER, online=True),
    "tn.released": LeaseReleased(LEASE, 12015550100, ACCOUNT, "released by its holder"),
}


def frames() -> dict[str, dict[str, Any]]:
    """Every sample as it goes out, and the frame that welcomes a websocket."""
    found = {name: render(what, EVENT, AT).frame for name, what in SAMPLES.items()}
    found["auth"] = auth_frame(
        EVENT, AT, USER, ACCOUNT, connection=CONNECTION, ip="203.0.113.7", start=Place(0, None)
    )
    return found


def written(frame: dict[str, Any]) -> str:
    """A frame as its golden file has it."""
    return json.dumps(frame, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, frame in frames().items():
        (GOLDEN / f"{name}.json").write_text(written(frame), encoding="utf-8")
