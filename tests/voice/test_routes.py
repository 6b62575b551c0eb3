from dataclasses import replace

import pytest

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.facts import (
    AppFacts,
    ConnectionFacts,
    DomainFacts,
    ProfileFacts,
    UserFacts,
    bypasses,
)
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.routes import (
    Dialled,
    ToApp,
    ToConnection,
    ToLease,
    ToNetwork,
    ToUser,
    route_from_outside,
    route_from_trunk,
    route_of_user,
)
from support.phone import ACCOUNT, account, app
from support.world import NOON

HOME = new_id()
ALICE = UserFacts(new_id(), "alice", HOME)
BOB = UserFacts(new_id(), "bob", HOME)
OWN, SHOWN, FAR = 12025550100, 12025550101, 442071838750
NUMBER = Dialled(f"+{FAR}", FAR)
NAME = Dialled("nobody")


def profile(*, shown: int | None = SHOWN, active: bool = True, media: str = "") -> ProfileFacts:
    made = OutboundVoiceProfile(
        name="out",
        tech_prefix=1,
        is_active=active,
        account_uuid=ACCOUNT,
        class4_ingress_trunk_settings={"media_type": media},
        created_on=NOON,
        modified_on=NOON,
    )
    return ProfileFacts(made, shown)


def domain(
    *,
    app: AppFacts | None = None,
    connection: ConnectionFacts | None = None,
    profile: ProfileFacts | None = None,
) -> DomainFacts:
    return DomainFacts(HOME, "acme.sip.localhost", account(), app, connection, profile)


MENU = AppFacts(app(), None)
PBX = ConnectionFacts(new_id(), "pbx", is_active=True, bypasses_media=False)
OUT = profile()


def test_a_colleague_is_rung_whatever_else_is_linked() -> None:
    called = Dialled("bob", callee=BOB)
    for home in (domain(), domain(app=MENU, profile=OUT), domain(connection=PBX)):
        assert route_of_user(ALICE, home, called) == ToUser(BOB, home)
        assert route_from_outside(home, called, None) == ToUser(BOB, home)


def test_a_user_whose_login_is_a_number_is_rung_before_the_network() -> None:
    called = Dialled("101", 101, callee=replace(BOB, login="101"))
    assert isinstance(route_of_user(ALICE, domain(profile=OUT), called), ToUser)


def test_a_user_who_is_switched_off_is_not_rung() -> None:
    called = Dialled("bob", callee=replace(BOB, is_active=False))
    assert route_of_user(ALICE, domain(), called) is causes.USER_INACTIVE


def test_a_number_goes_out_through_the_domains_profile_with_its_number() -> None:
    assert route_of_user(ALICE, domain(profile=OUT), NUMBER) == ToNetwork(FAR, OUT, f"+{SHOWN}")


def test_a_number_of_ones_own_is_shown_before_the_profiles() -> None:
    caller = replace(ALICE, number=OWN)
    assert route_of_user(caller, domain(profile=OUT), NUMBER) == ToNetwork(FAR, OUT, f"+{OWN}")
    none = profile(shown=None)
    assert isinstance(route_of_user(caller, domain(profile=none), NUMBER), ToNetwork)
    assert route_of_user(ALICE, domain(profile=none), NUMBER) is causes.NO_CALLER_ID


def test_a_number_that_is_leased_here_does_not_leave_the_house() -> None:
    called = replace(NUMBER, leased=True)
    assert route_of_user(ALICE, domain(profile=OUT), called) == ToLease(FAR, OUT, f"+{SHOWN}")


def test_numbers_need_a_profile_that_is_active() -> None:
    assert route_of_user(ALICE, domain(), NUMBER) is causes.NO_PROFILE
    off = profile(active=False)
    assert route_of_user(ALICE, domain(profile=off), NUMBER) is causes.PROFILE_INACTIVE


def test_who_may_call_its_domain_only_calls_no_number_but_colleagues() -> None:
    caller = replace(ALICE, same_domain_calls_only=True)
    home = domain(profile=OUT)
    assert route_of_user(caller, home, NUMBER) is causes.SAME_DOMAIN_ONLY
    assert isinstance(route_of_user(caller, home, Dialled("bob", callee=BOB)), ToUser)


@pytest.mark.parametrize("called", [NAME, NUMBER, Dialled("911", 911)])
def test_any_name_at_a_domain_with_an_app_or_a_connection_leads_there(called: Dialled) -> None:
    assert route_from_outside(domain(app=MENU, profile=OUT), called, None) == ToApp(MENU)
    assert route_from_outside(domain(connection=PBX), called, None) == ToConnection(PBX)
    assert route_of_user(ALICE, domain(app=MENU), called) == ToApp(MENU)


def test_what_a_domain_leads_to_must_be_active() -> None:
    off = AppFacts(app(is_active=False), None)
    assert route_from_outside(domain(app=off), NAME, None) is causes.APP_INACTIVE
    closed = replace(PBX, is_active=False)
    assert route_from_outside(domain(connection=closed), NAME, None) is causes.CONNECTION_INACTIVE


def test_a_name_that_nothing_takes_is_unknown() -> None:
    assert route_of_user(ALICE, domain(profile=OUT), NAME) is causes.UNKNOWN_USER
    assert route_from_outside(domain(), NAME, None) is causes.UNKNOWN_USER


def test_a_switch_calls_numbers_through_the_profile_of_its_domain() -> None:
    home = domain(profile=OUT)
    assert route_from_outside(home, NUMBER, None) == ToNetwork(FAR, OUT, f"+{SHOWN}")
    assert route_from_outside(home, NUMBER, OWN) == ToNetwork(FAR, OUT, f"+{OWN}")
    assert route_from_outside(domain(), NUMBER, OWN) is causes.NO_PROFILE


def test_a_connection_calls_numbers_through_its_own_profile() -> None:
    assert route_from_trunk(OUT, NUMBER, None) == ToNetwork(FAR, OUT, f"+{SHOWN}")
    assert route_from_trunk(None, NUMBER, OWN) is causes.NO_PROFILE
    assert route_from_trunk(OUT, NAME, None) is causes.NOT_LEASED


def test_media_pass_by_as_the_profile_says_else_the_connection() -> None:
    assert not domain().bypasses_media
    assert domain(profile=profile(media="Bypass Media")).bypasses_media
    assert domain(connection=replace(PBX, bypasses_media=True)).bypasses_media
    both = domain(
        profile=profile(media="Proxy Media"), connection=replace(PBX, bypasses_media=True)
    )
    assert not both.bypasses_media
    assert not bypasses(None)
