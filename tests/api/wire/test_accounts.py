"""How accounts, users and tokens are spelt; none of them ever tells a secret."""

from datetime import date
from decimal import Decimal

from opentact.accounts.accounts import Account, Level
from opentact.accounts.tokens import Token, expires, hash_token
from opentact.accounts.users import Gender, Role, User
from opentact.api.wire.accounts import (
    AccountOut,
    TokenOut,
    UserOut,
    account_out,
    account_short,
    account_with_notices,
    token_out,
    user_out,
)
from support.samples import ACCOUNT, AT, USER, uuid
from support.shapes import members, tells_a_secret

SECRET = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHWXYZ"


def token(ttl: int | None) -> Token:
    return Token(
        uuid=uuid(50),
        created_on=AT,
        modified_on=AT,
        user_uuid=USER.uuid,
        account_uuid=ACCOUNT.uuid,
        name="robot",
        ttl=ttl,
        token_hash=hash_token(SECRET),
        hint=SECRET[-4:],
        expired_on=expires(AT, ttl),
    )


def test_an_account_is_short_inside_other_objects_and_whole_by_itself() -> None:
    short = account_short(ACCOUNT)
    assert short == {
        "created_on": "2024-01-01T00:00:00.000Z",
        "modified_on": "2024-01-02T00:00:00.000Z",
        "uuid": str(ACCOUNT.uuid),
        "email": "office@example.com",
        "name": "Alice and partners",
        "level": "Level2",
        "deleted_on": None,
        "balance": 814.85626,
    }
    whole = account_out(ACCOUNT)
    assert whole == {
        **short,
        "disabled_on": None,
        "phone": "2015550100",
        "address1": "1 Main Street",
        "address2": None,
        "zip_code": "07001",
        "city": "Avenel",
        "time_zone": ACCOUNT.time_zone,
    }
    every = account_with_notices(ACCOUNT, [user_out(USER, online=False)])
    assert set(every) == members(AccountOut)


def test_an_account_that_is_gone_says_since_when() -> None:
    gone = Account(
        uuid=uuid(51),
        created_on=AT,
        modified_on=AT,
        name="gone",
        email="gone@example.com",
        level=Level.SERVICE,
        balance=Decimal("-0.00001"),
        disabled_on=AT,
        deleted_on=AT,
    )
    written = account_out(gone)
    assert written["disabled_on"] == written["deleted_on"] == "2024-02-20T16:41:44.795Z"
    assert (written["balance"], written["level"]) == (-0.00001, "ServiceAccount")


def test_a_user_is_shown_with_every_field() -> None:
    user = User(
        uuid=uuid(52),
        created_on=AT,
        modified_on=AT,
        account_uuid=ACCOUNT.uuid,
        email="carol@example.com",
        password_hash="never shown",
        role=Role.ADMIN,
        first_name="Carol",
        last_name="Clark",
        phone_number="2015550101",
        dob=date(1990, 2, 28),
        avatar="https://example.com/carol.png",
        gender=Gender.FEMALE,
        deleted_on=AT,
    )
    written = user_out(user, online=True, account=ACCOUNT)
    assert set(written) == members(UserOut)
    assert written["account"] == account_short(ACCOUNT)
    assert [name for name, value in written.items() if value is None] == []
    told = {
        "role": Role.ADMIN.value,
        "dob": "1990-02-28",
        "gender": Gender.FEMALE.value,
        "wss_online": True,
        "deleted_on": "2024-02-20T16:41:44.795Z",
        "first_name": "Carol",
        "last_name": "Clark",
    }
    assert {name: written[name] for name in told} == told  # type: ignore[literal-required]


def test_a_user_never_shows_a_password() -> None:
    written = user_out(USER, online=False, account=ACCOUNT)
    assert tells_a_secret(written) == []
    assert "never shown" not in repr(written)


def test_a_token_is_told_once_and_then_by_its_last_letters() -> None:
    robot = token(ttl=60)
    first, later = token_out(robot, SECRET), token_out(robot)
    assert set(first) == set(later) == members(TokenOut)
    assert first["token"] == SECRET
    assert later == {**first, "token": "…WXYZ"}
    assert (first["ttl"], first["expired_on"]) == (60, "2024-02-20T16:42:44.795Z")
    assert robot.token_hash not in repr(first)


def test_a_token_without_an_end_has_none() -> None:
    written = token_out(token(ttl=None))
    assert (written["ttl"], written["expired_on"]) == (None, None)
