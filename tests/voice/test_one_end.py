"""A call ends exactly once, in whatever order caller, media, engines and customers act."""

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from opentact.billing.rating import Rate
from opentact.kit.ids import new_id
from opentact.voice.calls import CallState
from opentact.voice.live_calls import CallIsOver
from opentact.voice.media import RtpTimeout
from opentact.voice.testing import OFFER, PaperLeg, PaperMediaLeg
from opentact.voice.testing_engines import told_by_url
from support.phone import Phone, app, flow
from support.virtual_time import VirtualLoop, passes, settle

FLOWS = (
    "<Say>Hello</Say>",
    '<Answer/><Gather><Say loop="5">Press</Say><DTMF value="1"><Hangup/></DTMF></Gather>',
    '<Record tag="a" dtmf_stop="#"><Pause length="20000"/></Record><Play record="a"/>',
    '<RecordStart/><Pause length="60000"/>',
    '<Callback url="http://flow.test/"/>',
    '<Answer delay="3000"/><Hangup tag="done"/>',
    "<Nonsense/>",
)
SDP = st.sampled_from((None, b"garbage", OFFER, OFFER + b"a=sendonly\r\n"))
ORDER = list(CallState)


class OneCall(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.phone: Phone | None = None

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(work)

    @property
    def call(self) -> Phone:
        assert self.phone is not None
        return self.phone

    @initialize(
        static=st.sampled_from((None, *FLOWS)),
        url=st.sampled_from((None, "http://flow.test/")),
        answer=st.sampled_from((b"<Response><Hangup/></Response>", b"<html/>", None)),
        offer=st.sampled_from((OFFER, None)),
        auto=st.booleans(),
        paid=st.sampled_from(("0", "0.01")),
    )
    def begin(
        self,
        static: str | None,
        url: str | None,
        answer: bytes | None,
        offer: bytes | None,
        auto: bool,  # noqa: FBT001 - drawn
        paid: str,
    ) -> None:
        async def ring() -> None:
            self.phone = Phone(
                leg=PaperLeg(offer=offer),
                media=PaperMediaLeg(new_id()),
                app=app(auto_answer=auto, call_flow_url=url, max_call_length_min=3),
                static=f"<Response>{static}</Response>".encode() if static else None,
                rate=Rate(Decimal(paid)),
                balance="0.02",
                fetcher=told_by_url(flow=[answer]),
            )
            await self.phone.ring()

        self.do(ring())

    def then(self) -> None:
        self.do(settle())

    @rule(what=st.sampled_from(("cancels", "hangs_up", "never_acks")))
    def caller_leaves(self, what: str) -> None:
        getattr(self.call.leg, what)()
        self.then()

    @rule(sdp=SDP, again=st.booleans())
    def caller_acknowledges(self, sdp: bytes | None, again: bool) -> None:  # noqa: FBT001 - drawn
        self.call.leg.acks(sdp, again=again)
        self.then()

    @rule(offer=SDP)
    def caller_offers_again(self, offer: bytes | None) -> None:
        self.call.leg.reoffers(offer)
        self.then()

    @rule(keys=st.text("19#*", max_size=4))
    def caller_presses(self, keys: str) -> None:
        self.call.media.presses(keys)
        self.then()

    @rule(reason=st.sampled_from(("end", "failed")))
    def a_play_ends(self, reason: Any) -> None:
        for play in self.call.media.playing[:1]:
            self.call.media.ends_play(play, reason)
        self.then()

    @rule()
    def a_recording_ends(self) -> None:
        for record in [*self.call.media.recording][:1]:
            self.call.media.ends_record(record, "silence")
        self.then()

    @rule()
    def no_audio_comes(self) -> None:
        self.call.media.events.put_nowait(RtpTimeout(60.0))
        self.then()

    @rule()
    def the_media_process_dies(self) -> None:
        self.call.media.dies()
        self.then()

    @rule()
    def the_media_process_hangs(self) -> None:
        self.call.media.hangs = True

    @rule()
    def speech_has_a_bug(self) -> None:
        self.call.speech.fault = RuntimeError("a bug")

    @rule(fault=st.sampled_from((None, OSError("disk full"))))
    def the_disk_fills_or_is_emptied(self, fault: Exception | None) -> None:
        self.call.book.journal.fault = fault

    @rule(inside=st.sampled_from(FLOWS[:-1]))
    def a_flow_is_posted(self, inside: str) -> None:
        over = self.call.conversation.line.over is not None
        try:
            self.call.conversation.replace(flow(inside))
        except CallIsOver:
            assert over
        else:
            assert not over
        self.then()

    @rule()
    def the_api_hangs_up(self) -> None:
        self.call.conversation.hang_up()
        self.then()

    @rule(seconds=st.sampled_from((0.1, 2, 31, 61)))
    def time_passes(self, seconds: float) -> None:
        self.do(passes(seconds))

    @invariant()
    def states_only_go_forward_and_none_twice(self) -> None:
        states = self.call.book.states if self.phone else []
        assert states == sorted(set(states), key=ORDER.index)

    @invariant()
    def the_caller_got_one_final_answer_at_most(self) -> None:
        sent = self.call.statuses if self.phone else []
        assert len([each for each in sent if each in range(200, 700)]) <= 1
        assert sent.count("BYE") <= 1

    def teardown(self) -> None:
        if self.phone is None:
            self.loop.close()
            return
        phone = self.phone

        async def end() -> None:
            phone.conversation.hang_up()
            try:
                await phone.task
            except OSError as error:
                assert str(error) == "disk full"  # noqa: PT017 - what the journal was told

        self.do(end())
        call = phone.call
        assert phone.book.states[-2:] == [CallState.HANGUP, CallState.DESTROYED]
        assert phone.leg.state == "over"
        assert call.cause
        assert (call.answer_on is None) == (CallState.LIVE not in phone.book.states)
        assert call.price == -sum(entry.amount for entry in phone.book.charges)
        told = [f["payload"] for f in phone.frames("call_record")]
        begun = {each["uuid"] for each in told if each["state"] == "requested"}
        ended = [each["uuid"] for each in told if each["state"] not in {"requested", "writing"}]
        assert sorted(ended) == sorted(begun)
        self.do(settle())
        self.loop.close()


OneCall.TestCase.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)
TestOneCall = OneCall.TestCase
