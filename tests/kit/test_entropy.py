"""Random words come from the system, none of them twice."""

import os
from concurrent.futures import ThreadPoolExecutor

from opentact.kit.entropy import Entropy, entropy


def test_words_have_the_bits_that_were_asked_for() -> None:
    ones = Entropy(lambda size: b"\xff" * size)
    assert ones.bits(62) == 2**62 - 1
    assert ones.bits(64) == 2**64 - 1
    assert ones.text() == "f" * 16
    assert Entropy(bytes).text() == "0" * 16


def test_no_word_is_given_twice_and_the_system_is_asked_by_the_page() -> None:
    asked: list[int] = []

    def source(size: int) -> bytes:
        asked.append(size)
        return os.urandom(size)

    words = Entropy(source)
    assert len({words.bits(64) for _ in range(1000)}) == 1000
    assert asked == [4096, 4096]


def test_threads_share_it() -> None:
    words = Entropy()
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda _: words.bits(64), range(5000)))
    assert len(set(given)) == 5000


def test_what_was_fetched_can_be_forgotten() -> None:
    pages = iter([b"\x00" * 4096, b"\xff" * 4096])
    words = Entropy(lambda _size: next(pages))
    assert words.bits(64) == 0
    words.forget()
    assert words.text() == "f" * 16


def test_a_forked_process_gives_others() -> None:
    entropy.bits(64)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, entropy.text().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16).decode() != entropy.text()
