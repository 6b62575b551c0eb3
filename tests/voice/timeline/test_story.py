from datetime import timedelta
from decimal import Decimal
from typing import Any

from opentact.kit.ids import new_id
from opentact.voice.calls import Call, CallFlowLog
from opentact.voice.recordings import Recording, RecordingState
from opentact.voice.sip.machine import Address
from opentact.voice.timeline.rows import Kept, kept
from opentact.voice.timeline.story import Material, Moment, findings, tell
from opentact.voice.timeline.traces import Traces
from opentact.voice.transcripts import Transcript, TranscriptState
from support.samples import ACCOUNT, AT
from support.tracing import PEER, card, ended, traced


def trace_of(call: Call, *notes: tuple[str, dict[str, Any]], peer: Address = PEER) -> Kept:
    now = [AT.timestamp()]
    traces = Traces(lambda: now[0])
    one = card()
    one.call = call
    traced(traces, one, peer)
    for kind, what in notes:
        now[0] += 1
        traces.note(call.uuid, kind, what)
    trace = traces.of(call.uuid)
    assert trace is not None
    return kept(trace)


def made(**more: Any) -> Call:
    return card(**ended(**more)).call


def texts(moments: list[Moment], *kinds: str) -> list[str]:
    return [moment.text for moment in moments if moment.kind in kinds]


def test_a_call_is_told_from_its_arrival_to_its_price() -> None:
    call = made(price=Decimal("0.0085"), rate=Decimal("0.0085"), billed_seconds=60)
    moments = tell(Material([call]))
    assert [moment.text for moment in moments] == [
        "A call arrives from 192.0.2.1:5060: +12015550123 calls 12015550100",
        "It rings",
        "We answered",
        "It ended: The caller hung up (caller_hung_up, Q.850 16 NORMAL_CLEARING, SIP 200)",
        "Charged $0.00850: 60 s billed of 7 s, at $0.00850 a minute",
    ]


def test_messages_and_keys_are_told_and_repetitions_named() -> None:
    call = made()
    moments = tell(Material([call], kept=trace_of(call)))
    assert texts(moments, "sip") == [
        "udp:192.0.2.1:5060 sends INVITE (a call); media at 10.0.0.5:4000, PCMU",
        "We answer udp:192.0.2.1:5060: 200 OK to INVITE; media at 127.0.0.1:4000, PCMU",
        "We answer udp:192.0.2.1:5060: 200 OK to INVITE; media at 127.0.0.1:4000, PCMU; once more",
    ]
    assert texts(moments, "digit") == ["The key 5 was pressed, as a telephone event, for 160 ms"]
    assert not any("raw" in moment.detail for moment in moments)


def test_sound_that_was_opened_before_somebody_answered_is_of_who_did() -> None:
    first = made()
    busy, answered = (made(parent_uuid=first.uuid) for _ in range(2))
    busy.answer_on = None
    trace = trace_of(first)
    sound = {"kind": "media", "leg": str(new_id()), "peer": None}
    what = {"fact": "latched", "from": "192.0.2.9:4000"}
    trace.entries.append({**sound, "at": AT.timestamp(), "what": what})
    moments = tell(Material([first, busy, answered], kept=trace))
    [latched] = [each for each in moments if each.detail.get("fact") == "latched"]
    assert latched.leg == str(answered.uuid)


def test_whole_messages_are_given_to_who_asks_for_them() -> None:
    call = made()
    messages = [m for m in tell(Material([call], kept=trace_of(call)), raw=True) if m.kind == "sip"]
    assert messages[0].detail["raw"].startswith("INVITE sip:b@y SIP/2.0\r\n")


def test_commands_are_told_with_their_line() -> None:
    log = CallFlowLog(
        account_uuid=ACCOUNT.uuid,
        call_uuid=new_id(),
        app_uuid=None,
        name="Play",
        success=False,
        command={"name": "Play", "path": "Play[0]", "line": 7},
        response={"reason": "fetch_status: 404"},
        from_="1",
        tn=None,
        created_on=AT,
        modified_on=AT,
    )
    moments = tell(Material([made()], logs=[log]))
    assert texts(moments, "flow") == ["<Play> (line 7) failed: fetch_status: 404"]


def test_web_requests_are_told_with_their_delay() -> None:
    call = made()
    asked = {"method": "GET", "url": "https://x/", "ms": 12}
    good = {**asked, "status": 200, "type": "application/xml", "bytes": 50}
    bad = {**asked, "failed": "fetch_timeout", "reason": "no answer within 5 s"}
    moments = tell(Material([call], kept=trace_of(call, ("web", good), ("web", bad))))
    assert texts(moments, "web") == [
        "Asked GET https://x/: 200, application/xml, 50 bytes after 12 ms",
        "Asked GET https://x/: no answer we can use after 12 ms: no answer within 5 s",
    ]


def test_a_rule_that_refused_and_who_is_to_blame_are_told() -> None:
    call = made(refusal={"rule": "max_rate"}, reason="too dear", blame="customer")
    moments = tell(Material([call]))
    assert texts(moments, "rule") == ["A rule refused it: too dear"]
    assert "to blame: customer" in texts(moments, "end")[0]


def test_recordings_are_told_whether_stored_or_not() -> None:
    def recording(state: RecordingState, **more: Any) -> Recording:
        return Recording(
            uuid=new_id(),
            account_uuid=ACCOUNT.uuid,
            call_uuid=new_id(),
            state=state,
            tag="voicemail",
            file="x.wav",
            created_on=AT,
            modified_on=AT + timedelta(seconds=5),
            **more,
        )

    stored = recording(RecordingState.STORED, duration=4200, ended_by="silence")
    failed = recording(RecordingState.FAILED, reason="disk full")
    moments = tell(Material([made()], recordings=[stored, failed]))
    assert texts(moments, "recording") == [
        "Recording 'voicemail' begins",
        "Recording 'voicemail' begins",
        "Recording 'voicemail' stored, 4.2 s, ended by silence",
        "Recording 'voicemail' failed: disk full",
    ]


def test_a_transcript_tells_how_far_it_is_and_not_what_was_said() -> None:
    call, transcripts = made(), []
    for state, text in [("requested", ""), ("stored", "Call me back."), ("failed", "")]:
        each = Transcript(
            account_uuid=ACCOUNT.uuid,
            call_uuid=call.uuid,
            recording_uuid=new_id(),
            state=TranscriptState(state),
            text=text,
            reason="its file is gone" if state == "failed" else None,
            created_on=AT,
            modified_on=AT,
        )
        transcripts.append(each)
    assert texts(tell(Material([call], transcripts=transcripts)), "recording") == [
        "A recording is to be put in words once the call is over",
        "A recording was put in words, 3 of them",
        "A recording could not be put in words: its file is gone",
    ]


def test_what_the_media_noticed_stands_where_it_happened() -> None:
    facts = [
        {"kind": "first_rtp", "at": 0.5, "detail": "from 192.0.2.1:4000"},
        {"kind": "no_rtp", "at": 3.0, "detail": "no RTP for 5 s"},
    ]
    call = made(media={"packets_received": 10, "packets_sent": 12, "lost": 1, "facts": facts})
    latched = ("media", {"fact": "latched", "from": "192.0.2.1:4000"})
    moments = tell(Material([call], kept=trace_of(call, latched)))
    media = [moment for moment in moments if moment.kind == "media"]
    assert [moment.text for moment in media] == [
        "The first sound of the other side came, from 192.0.2.1:4000",
        "Media: no rtp: no RTP for 5 s",
        "Media: 10 packets heard, 12 sent, 1 lost, jitter 0 ms",
    ]
    # The first packet came one second into the call, half a second after the connection.
    assert media[1].at == AT + timedelta(seconds=1 - 0.5 + 3.0)


def test_what_was_left_out_is_said() -> None:
    call = made()
    trace = trace_of(call)
    moments = tell(Material([call], kept=Kept(trace.legs, trace.calls, 12, trace.entries)))
    assert texts(moments, "note") == [
        "12 entries in the middle were left out: the call had too many"
    ]


def test_the_doctor_reads_the_descriptions_of_each_leg() -> None:
    call = made()
    trace = trace_of(call, peer=Address("8.8.8.8", 5060))
    assert [(f.code, f.leg) for f in findings(Material([call], kept=trace))] == [
        ("nat", str(call.uuid))
    ]
