"""Passwords: argon2id, checked away from the loop that carries calls.

A check takes about an eighth of a second of one core on purpose. It runs in a pool of two
threads; a password that was right a moment ago is remembered for a minute as a keyed hash, so
that a client which sends Basic with every request does not pay each time.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

REMEMBERED_S = 60.0
MOST_REMEMBERED = 10_000
MIN_LENGTH = 8
MAX_LENGTH = 256


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, now: Callable[[], float], *, threads: int = 2, fast: bool = False) -> None:
        """`now` is monotonic seconds; `fast` is for tests that make hundreds of users."""
        self._now = now
        self._hasher = (
            PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if fast else PasswordHasher()
        )
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, float] = {}
        # Checked when there is no such user, so that the answer takes as long (no enumeration).
        self._nobody = self._hasher.hash(secrets.token_hex(8))

    async def hash(self, password: str) -> str:
        """Hash a new password."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._hasher.hash, password
        )

    async def check(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password is right; `None` is the hash of nobody."""
        mark = self._mark(password, password_hash or "")
        if self._right.get(mark, 0) > self._now():
            return True
        right = await asyncio.get_running_loop().run_in_executor(
            self._pool, self._verify, password, password_hash or self._nobody
        )
        if right and password_hash:
            if len(self._right) >= MOST_REMEMBERED:
                self._right.clear()
            self._right[mark] = self._now() + REMEMBERED_S
            return True
        return False

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _mark(self, password: str, password_hash: str) -> bytes:
        text = f"{password_hash}\0{password}".encode()
        return hmac.digest(self._key, text, hashlib.sha256)
