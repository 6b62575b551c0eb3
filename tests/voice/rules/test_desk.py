"""The whole answer: rules, price and credit, on SQLite and on PostgreSQL."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.adapters.storage.journal import Journal
from opentact.api.wire.events import render
from opentact.billing.holds import check_free
from opentact.billing.ledger import BalanceChanged
from opentact.billing.rating import Rate
from opentact.events.log import EventLog
from opentact.kit.ids import new_id
from opentact.numbers.profiles import TnProfile
from opentact.voice import causes
from opentact.voice.rules.asks import Allowed, InboundAsk, Kind
from opentact.voice.rules.refusals import RuleRefused
from support.world import NOON

from .conftest import Node


async def refused(node: Node, to: str = "+12025550123") -> RuleRefused:
    answer = await node.parts.rules.outbound(node.ask(to))
    assert isinstance(answer, RuleRefused)
    return answer


async def test_a_call_that_may_go_has_a_rate_and_a_paid_minute(node: Node) -> None:
    answer = await node.parts.rules.outbound(node.ask())
    assert isinstance(answer, Allowed)
    assert answer.rate == Rate(Decimal("0.01"))
    assert answer.ticket.seconds_paid == 60
    answer.ticket.close()


async def test_of_calls_at_once_only_those_are_let_out_that_the_balance_pays(node: Node) -> None:
    asked = (node.parts.rules.outbound(node.ask()) for _ in range(5))
    answers = await asyncio.gather(*asked)
    allowed = [each for each in answers if isinstance(each, Allowed)]
    short = [each for each in answers if isinstance(each, RuleRefused)]
    assert len(allowed) == 2
    assert {each.cause for each in short} == {causes.BALANCE_EMPTY}
    assert {(each.rule, each.limit, each.present) for each in short} == {
        ("balance", "0.01000", "0.00500")
    }
    for each in allowed:
        each.ticket.close()


async def test_a_channel_is_free_again_when_its_ticket_is_closed(node: Node) -> None:
    node.profile.channel_limit = 1
    first = await node.parts.rules.outbound(node.ask())
    assert isinstance(first, Allowed)
    assert (await refused(node)).rule == "channel_limit"
    first.ticket.close()
    again = await node.parts.rules.outbound(node.ask())
    assert isinstance(again, Allowed)
    again.ticket.close()


async def test_a_call_without_credit_takes_no_channel(node: Node) -> None:
    node.profile.channel_limit = 3
    held = [await node.parts.rules.outbound(node.ask()) for _ in range(2)]
    for _ in range(4):
        assert (await refused(node)).rule == "balance"
    for each in held:
        assert isinstance(each, Allowed)
        each.ticket.close()


@pytest.mark.parametrize(
    ("to", "rule"),
    [
        ("911", "emergency"),
        ("+5352345678", "countries"),
        ("+19005550123", "open_prefixes"),
        ("+881612345678", "open_prefixes"),
    ],
)
async def test_thieves_destinations_are_closed_from_the_beginning(
    node: Node, to: str, rule: str
) -> None:
    assert (await refused(node, to)).rule == rule


async def test_somebody_elses_number_is_not_shown(node: Node) -> None:
    node.numbers.clear()
    assert (await refused(node)).rule == "caller_id"


async def test_without_a_profile_nobody_calls_out(node: Node) -> None:
    answer = await node.parts.rules.outbound(replace(node.ask(), profile=None))
    assert isinstance(answer, RuleRefused)
    assert answer.cause is causes.NO_PROFILE


async def test_the_day_counts_what_runs(node: Node) -> None:
    node.profile.daily_spend_limit = Decimal("0.015")
    first = await node.parts.rules.outbound(node.ask())
    assert isinstance(first, Allowed)
    second = await refused(node)
    assert (second.rule, second.limit, second.present) == (
        "daily_spend_limit",
        "0.01500",
        "0.01000",
    )
    first.ticket.close()


async def test_a_user_who_dials_too_fast_is_stopped(node: Node) -> None:
    node.profile.user_calls_per_minute = 2
    user = new_id()
    for _ in range(2):
        answer = await node.parts.rules.outbound(node.ask(user=user))
        assert isinstance(answer, Allowed)
        answer.ticket.close()
    third = await node.parts.rules.outbound(node.ask(user=user))
    assert isinstance(third, RuleRefused)
    assert (third.rule, third.object_uuid) == ("user_calls_per_minute", user)


async def test_calls_wait_for_their_turn_and_too_many_are_refused(node: Node) -> None:
    node.profile.calls_per_second = 1
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds))
        await asyncio.sleep(0)

    node.parts.rules._sleep = sleep
    for _ in range(8):
        answer = await node.parts.rules.outbound(node.ask())
        if isinstance(answer, RuleRefused):
            assert (answer.rule, answer.limit) == ("calls_per_second", "1")
            break
        answer.ticket.close()
    assert waits == [1, 2, 3, 4, 5]


async def test_calls_within_the_house_are_free_and_count_as_channels(node: Node) -> None:
    node.account.channel_limit = 1
    ask = replace(node.ask(), kind=Kind.ON_NET, profile=None)
    first = await node.parts.rules.outbound(ask)
    assert isinstance(first, Allowed)
    assert first.ticket.seconds_paid is None
    assert isinstance(await node.parts.rules.outbound(ask), RuleRefused)
    first.ticket.close()


async def test_a_caller_who_is_screened_out_is_told_by_which_profile(node: Node) -> None:
    lists = TnProfile(
        name="no ads", blacklist=["1415*"], whitelist=[], created_on=NOON, modified_on=NOON
    )
    ask = InboundAsk(node.account, "+14155550123", Rate(Decimal("0.01")), lists)
    answer = await node.parts.rules.inbound(ask)
    assert isinstance(answer, RuleRefused)
    assert (answer.cause, answer.rule, answer.object_uuid) == (
        causes.SCREENED,
        "blacklist",
        lists.uuid,
    )


async def test_a_quote_is_the_rate_that_is_charged_and_says_all_that_stands_in_the_way(
    node: Node,
) -> None:
    quote = await node.parts.quotes.quote(node.ask(), node.profile)
    answer = await node.parts.rules.outbound(node.ask())
    assert isinstance(answer, Allowed)
    assert quote.refusals == ()
    for seconds in (0, 1, 59, 60, 61, 3_600):
        assert quote.price(seconds) == answer.rate.charge(seconds)
    answer.ticket.close()
    node.numbers.clear()
    bad = await node.parts.quotes.quote(node.ask("+5352345678"), node.profile)
    assert [each.rule for each in bad.refusals] == [
        "countries",
        "open_prefixes",
        "caller_id",
        "balance",
    ]


async def test_an_order_and_the_calls_of_its_account_never_wait_for_each_other(node: Node) -> None:
    account = node.account.uuid
    events, happened = (
        EventLog(render, lambda _: None),
        BalanceChanged(node.account, Decimal(1), ""),
    )

    async def tell(session: AsyncSession) -> None:
        await events.append(session, account, happened, now=NOON)

    calls = Journal(node.database, linger=0)
    async with asyncio.timeout(20):
        async with node.database.write() as session:
            await check_free(session, account, Decimal("0.001"))  # an order: first the account
            telling = calls.later(tell)
            asking = asyncio.create_task(node.parts.rules.outbound(node.ask()))
            for _ in range(100):
                await asyncio.sleep(0)
            await tell(session)  # and then what it tells
        await telling
        answer = await asking
    assert isinstance(answer, Allowed)
    answer.ticket.close()
    await calls.close()
