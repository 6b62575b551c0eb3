from opentact.events.presence import Presence
from opentact.kit.ids import new_id


def test_a_user_is_online_until_the_last_websocket_closes() -> None:
    presence, user = Presence(), new_id()
    assert not presence.is_online(user)
    presence.arrived(user)
    presence.arrived(user)
    presence.left(user)
    assert presence.is_online(user)
    presence.left(user)
    assert not presence.is_online(user)


def test_websockets_are_counted_over_all_users() -> None:
    presence = Presence()
    for _ in range(3):
        presence.arrived(new_id())
    assert presence.sockets == 3
    assert repr(presence) == "<Presence 3 users, 3 sockets>"
