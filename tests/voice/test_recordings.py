from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.kit.ids import new_id
from opentact.voice.recordings import BadLink, FileName, RecordingLinks
from support.world import NOON

LINKS = RecordingLinks(b"secret", "https://api.example.com")
UUIDS = st.uuids()


def parts(link: str) -> tuple[int, str]:
    query = parse_qs(urlsplit(link).query)
    return int(query["expires"][0]), query["signature"][0]


@given(uuid=UUIDS, life=st.integers(0, 10**6))
def test_a_link_works_until_it_expires(uuid: UUID, life: int) -> None:
    link = LINKS.link(uuid, NOON, life)
    assert link.startswith(f"https://api.example.com/rest/record/{uuid}/file?")
    LINKS.check(uuid, *parts(link), NOON + timedelta(seconds=life))
    with pytest.raises(BadLink):
        LINKS.check(uuid, *parts(link), NOON + timedelta(seconds=life + 1))


@given(uuid=UUIDS, other=UUIDS, later=st.integers(1, 10**9), text=st.text(max_size=80))
def test_no_part_of_a_link_can_be_changed(uuid: UUID, other: UUID, later: int, text: str) -> None:
    expires, signature = parts(LINKS.link(uuid, NOON))
    forged = [(uuid, expires + later, signature)]
    forged += [(other, expires, signature)] * (other != uuid)
    forged += [(uuid, expires, text)] * (text != signature)
    for each in forged:
        with pytest.raises(BadLink):
            LINKS.check(*each, NOON)


def test_another_servers_link_is_none_of_ours() -> None:
    other = RecordingLinks(b"other", "https://api.example.com")
    uuid = UUID(int=1)
    with pytest.raises(BadLink):
        LINKS.check(uuid, *parts(other.link(uuid, NOON)), NOON)


def test_the_name_of_a_file_says_whose_recording_it_is() -> None:
    name = FileName(new_id(), new_id(), 2, "mp3")
    assert FileName.read(str(name)) == name


@pytest.mark.parametrize("name", ["", "a.b.1.wav", "notes.txt", f"{UUID(int=1)}.wav"])
def test_other_files_are_no_recordings(name: str) -> None:
    assert FileName.read(name) is None


def test_a_name_that_we_would_write_otherwise_is_none_of_ours() -> None:
    call, recording = new_id(), new_id()
    assert FileName.read(f"{call.hex}.{recording}.1.wav") is None
    assert FileName.read(f"{call}.{recording}.01.wav") is None
