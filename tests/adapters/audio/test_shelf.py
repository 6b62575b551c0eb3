"""Sound from URLs and files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.http.webserver import silent_server, web_server
from opentact.adapters.audio.faults import AudioNotUnderstood, AudioTooLong, AudioUnreachable
from opentact.adapters.audio.shelf import AudioShelf, kept_for
from opentact.adapters.audio.wav import RATE, read_raw, tone, write_wav
from opentact.adapters.http.fetcher import Fetcher

DATA = Path(__file__).parents[2] / "data" / "audio"
MP3 = (DATA / "tone-44k-stereo.mp3").read_bytes()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def shelf(tmp_path: Path, clock: Clock) -> AsyncIterator[AudioShelf]:
    fetcher = Fetcher()
    shelf = AudioShelf(fetcher, tmp_path / "shelf", now=clock)
    yield shelf
    await shelf.close()
    await fetcher.close()


class Prompt:
    """A web server's file, with what it says about it."""

    def __init__(self, body: bytes = MP3, **headers: str) -> None:
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.requests: list[web.Request] = []

    async def __call__(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        if request.headers.get("If-None-Match") == self.headers.get("ETag", "none"):
            return web.Response(status=304, headers=self.headers)
        return web.Response(body=self.body, headers=self.headers)


async def test_a_url_becomes_samples(shelf: AudioShelf, tmp_path: Path) -> None:
    async with web_server(Prompt()) as port:
        path = await shelf.from_url(f"http://127.0.0.1:{port}/welcome.mp3")

    assert RATE * 0.98 < len(read_raw(path)) < RATE * 1.1
    assert sorted((tmp_path / "shelf").iterdir()) == [path]


async def test_a_file_becomes_samples(shelf: AudioShelf, tmp_path: Path) -> None:
    samples = tone(440, 500)
    path = await shelf.from_file(write_wav(tmp_path / "a.wav", samples))
    assert read_raw(path).tolist() == samples.tolist()
    assert await shelf.from_file(tmp_path / "a.wav") == path


class TestMemory:
    async def test_a_minute_long_the_url_is_not_asked_again(
        self, shelf: AudioShelf, clock: Clock
    ) -> None:
        prompt = Prompt()
        async with web_server(prompt) as port:
            url = f"http://127.0.0.1:{port}/"
            first = await shelf.from_url(url)
            clock.now += 59
            assert await shelf.from_url(url) == first
            assert len(prompt.requests) == 1
            clock.now += 2
            assert await shelf.from_url(url) == first
            assert len(prompt.requests) == 2

    async def test_asked_at_the_same_time_it_is_fetched_once(self, shelf: AudioShelf) -> None:
        prompt = Prompt()
        async with web_server(prompt) as port:
            url = f"http://127.0.0.1:{port}/"
            paths = await asyncio.gather(*(shelf.from_url(url) for _ in range(20)))
        assert len(set(paths)) == len(prompt.requests) == 1

    async def test_an_unchanged_file_is_not_sent_again(
        self, shelf: AudioShelf, clock: Clock
    ) -> None:
        prompt = Prompt(ETag='"1"', Cache_Control="max-age=5")
        async with web_server(prompt) as port:
            url = f"http://127.0.0.1:{port}/"
            first = await shelf.from_url(url)
            clock.now += 6
            assert await shelf.from_url(url) == first
            assert prompt.requests[1].headers["If-None-Match"] == '"1"'
            clock.now += 4
            await shelf.from_url(url)
        assert len(prompt.requests) == 2

    async def test_a_changed_file_is_heard_when_the_old_one_has_aged(
        self, shelf: AudioShelf, clock: Clock, tmp_path: Path
    ) -> None:
        prompt = Prompt(ETag='"1"')
        async with web_server(prompt) as port:
            url = f"http://127.0.0.1:{port}/"
            first = await shelf.from_url(url)
            prompt.body = write_wav(tmp_path / "b.wav", tone(600, 300)).read_bytes()
            prompt.headers["ETag"] = '"2"'
            clock.now += 61
            second = await shelf.from_url(url)
        assert len(read_raw(second)) == RATE * 0.3
        assert second != first

    async def test_what_was_swept_out_is_fetched_whole(self, shelf: AudioShelf) -> None:
        prompt = Prompt(ETag='"1"')
        async with web_server(prompt) as port:
            url = f"http://127.0.0.1:{port}/"
            (await shelf.from_url(url)).unlink()
            assert (await shelf.from_url(url)).exists()
        assert "If-None-Match" not in prompt.requests[1].headers

    async def test_a_tag_that_no_request_may_carry_is_not_sent(self, shelf: AudioShelf) -> None:
        prompt = Prompt(ETag='"\u00e9"', Cache_Control="no-cache")
        async with web_server(prompt) as port:
            for _ in range(2):
                await shelf.from_url(f"http://127.0.0.1:{port}/")
        assert "If-None-Match" not in prompt.requests[1].headers

    @pytest.mark.parametrize(
        ("said", "seconds"),
        [
            (None, 60),
            ("", 60),
            ("max-age=5", 5),
            ("public, Max-Age = 5", 60),
            ('max-age="7"', 7),
            ("max-age=99999999999999999999", 3600),
            ("max-age=-1", 60),
            ("max-age=\u0663", 60),
            ("no-store", 0),
            ("max-age=100, no-cache", 0),
        ],
    )
    def test_how_long_an_answer_holds(self, said: str | None, seconds: float) -> None:
        assert kept_for({} if said is None else {"cache-control": said}) == seconds


class TestRefusing:
    async def test_a_private_address(self, shelf: AudioShelf) -> None:
        with pytest.raises(AudioUnreachable, match=r"10.0.0.1 is not a public") as caught:
            await shelf.from_url("http://10.0.0.1/a.wav")
        assert caught.value.meta == "fetch_refused"

    async def test_a_missing_file(self, shelf: AudioShelf) -> None:
        async def missing(_: web.Request) -> web.Response:
            return web.Response(status=404)

        async with web_server(missing) as port:
            with pytest.raises(AudioUnreachable, match=r"/a.wav answered 404") as caught:
                await shelf.from_url(f"http://127.0.0.1:{port}/a.wav?token=1")
        assert caught.value.meta == "fetch_status"

    async def test_a_server_that_hangs(
        self, shelf: AudioShelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opentact.adapters.audio.shelf._FETCH_TIMEOUT", 0.05)
        async with silent_server() as port:
            with pytest.raises(AudioUnreachable, match="no complete answer"):
                await shelf.from_url(f"http://127.0.0.1:{port}/")

    async def test_a_page_in_place_of_a_sound(self, shelf: AudioShelf) -> None:
        page = Prompt(b"<html>hello", Content_Type="text/html; charset=utf-8")
        async with web_server(page) as port:
            with pytest.raises(AudioNotUnderstood, match=r"/x \(text/html\) answered: it is nei"):
                await shelf.from_url(f"http://127.0.0.1:{port}/x?token=1")

    async def test_more_than_ten_megabytes(self, shelf: AudioShelf, tmp_path: Path) -> None:
        big = bytes(10 * 1024 * 1024 + 1)
        async with web_server(Prompt(big)) as port:
            with pytest.raises(AudioTooLong, match="larger than 10 MB"):
                await shelf.from_url(f"http://127.0.0.1:{port}/")
        (tmp_path / "big.wav").write_bytes(big)
        with pytest.raises(AudioTooLong, match=r"big.wav is larger than 10 MB"):
            await shelf.from_file(tmp_path / "big.wav")

    async def test_more_than_ten_minutes(self, shelf: AudioShelf, tmp_path: Path) -> None:
        # Small on the wire, long in the ear.
        half_hour = (DATA / "tone-22k-id3.mp3").read_bytes()[43:] * 1800
        assert len(half_hour) < 10 * 1024 * 1024
        (tmp_path / "long.mp3").write_bytes(half_hour)
        with pytest.raises(AudioTooLong, match="longer than 10 minutes"):
            await shelf.from_file(tmp_path / "long.mp3")

    async def test_a_decoder_that_dies_harms_only_its_file(
        self, shelf: AudioShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        good = write_wav(tmp_path / "good.wav", tone(440, 100))
        monkeypatch.setattr(shelf._workers._all[0], "_module", "adapters.audio.odd_worker")
        with pytest.raises(AudioNotUnderstood, match="the decoder broke over it"):
            await shelf.from_file(good)
        monkeypatch.undo()
        assert (await shelf.from_file(good)).exists()
        assert {path.suffix for path in (tmp_path / "shelf").iterdir()} == {".s16"}


def test_any_bytes_are_sound_or_refused_and_we_live(tmp_path: Path) -> None:
    # Not in this process: one example in some thousands makes a decoder abort.
    with asyncio.Runner() as runner:
        fetcher = Fetcher()
        shelf = runner.run(_shelf(fetcher, tmp_path / "shelf"))

        @settings(max_examples=100, deadline=None)
        @given(
            name=st.sampled_from(sorted(DATA.glob("tone-*"))),
            changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=20),
            size=st.integers(0, 4000),
        )
        def play(name: Path, changes: list[tuple[int, int]], size: int) -> None:
            data = bytearray(name.read_bytes()[:size])
            for at, value in changes:
                data[at : at + 1] = bytes([value])
            (tmp_path / "odd").write_bytes(data)
            try:
                path = runner.run(shelf.from_file(tmp_path / "odd"))
            except (AudioNotUnderstood, AudioTooLong):
                return
            assert 0 < path.stat().st_size <= 600 * RATE * 2

        play()
        runner.run(shelf.close())
        runner.run(fetcher.close())


async def _shelf(fetcher: Fetcher, folder: Path) -> AudioShelf:
    return AudioShelf(fetcher, folder)
