"""Searching 1,000,000 numbers for sale on SQLite.

Promise: p99 below 50 ms for every kind of search. `total` is counted to 1,000 and marked when
there are more; see docs/decisions/0031. The inventory is spread over every area code the way
bought-in numbers are: random exchanges and lines. Usage: `python bench/number_search.py`.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import opentact.accounts.users
import opentact.numbers.orders  # noqa: F401 - so that every table is known
from opentact.adapters.storage.database import Database
from opentact.numbers.features import WORKING, to_bits
from opentact.numbers.inventory import stock, tn_row
from opentact.numbers.masks import plan_infix, plan_positions, read_positions
from opentact.numbers.nanp import places
from opentact.numbers.search import Wanted, search_numbers

NUMBERS = 1_000_000
PROMISED_MS = 50
Make = Callable[[random.Random], Wanted]


def rows(count: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    now, every = datetime.now(UTC), list(places().values())
    seen: set[int] = set()
    while len(seen) < count:
        place = dice.choice(every)
        tn = int(f"1{place.npa}{dice.randrange(2_000_000, 10_000_000)}")
        if tn in seen:
            continue
        seen.add(tn)
        yield tn_row(
            tn,
            now,
            type="long_code",
            country=place.country,
            state=place.state,
            city=place.city,
            rate_center=place.rate_center,
            provider="own",
            profile=place.country,
            features=to_bits(WORKING),
        )


def digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


def infix(length: int) -> Make:
    return lambda dice: Wanted(plans=(plan_infix(digits(dice, length)),))


def gapped(dice: random.Random) -> Wanted:
    return Wanted(plans=(plan_infix(f"{digits(dice, 2)}%{digits(dice, 2)}*{digits(dice, 1)}"),))


def any_place(dice: random.Random) -> Any:
    return dice.choice(list(places().values()))


SEARCHES: dict[str, Make] = {
    "anything": lambda _: Wanted(),
    "country and type": lambda _: Wanted(country="CA", type="long_code"),
    "state": lambda dice: Wanted(country="US", type="long_code", state=any_place(dice).state),
    "city": lambda dice: Wanted(type="long_code", city=any_place(dice).city),
    "rate centre": lambda dice: Wanted(rate_center=any_place(dice).rate_center),
    "NPA": lambda dice: Wanted(
        plans=(plan_positions(read_positions(any_place(dice).npa + "xxxxxxx", 10)),)
    ),
    "NPA and NXX": lambda dice: Wanted(
        plans=(plan_positions(read_positions(f"{any_place(dice).npa}2{digits(dice, 2)}xxxx", 10)),)
    ),
    "line xx99": lambda dice: Wanted(
        type="long_code", plans=(plan_positions(read_positions(f"xxxxxxxx{digits(dice, 2)}", 10)),)
    ),
    "1 digit anywhere": infix(1),
    "2 digits anywhere": infix(2),
    "3 digits anywhere": infix(3),
    "4 digits anywhere": infix(4),
    "5 digits anywhere": infix(5),
    "7 digits anywhere": infix(7),
    "mask 12%34*5": gapped,
    "3 digits in a state": lambda dice: Wanted(
        state=any_place(dice).state, plans=(plan_infix(digits(dice, 3)),)
    ),
    "2 digits in a city": lambda dice: Wanted(
        city=any_place(dice).city, plans=(plan_infix(digits(dice, 2)),)
    ),
}


async def measure(database: Database, make: Make, count: int) -> list[float]:
    dice, times = random.Random(7), []
    for _ in range(count):
        wanted = make(dice)
        began = time.perf_counter()
        async with database.read() as session:
            await search_numbers(session, wanted, take=10, skip=0)
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


async def main(numbers: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        database = Database(f"sqlite+aiosqlite:///{file}")
        await database.create_all()
        began = time.perf_counter()
        async with database.write() as session:
            await stock(session, rows(numbers, random.Random(1)))
        took, size = time.perf_counter() - began, file.stat().st_size / 2**20
        print(f"{numbers:,} numbers stocked in {took:.0f} s, {size:.0f} MiB\n")
        print(f"| Search | p50 ms | p99 ms | worst ms | below {PROMISED_MS} ms |")
        print("|---|---|---|---|---|")
        for name, make in SEARCHES.items():
            times = await measure(database, make, count)
            p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
            kept = "yes" if p99 < PROMISED_MS else "NO"
            print(f"| {name} | {p50:.1f} | {p99:.1f} | {times[-1]:.1f} | {kept} |")
        await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=NUMBERS)
    parser.add_argument("--count", type=int, default=200, help="searches of each kind")
    asked = parser.parse_args()
    asyncio.run(main(asked.numbers, asked.count))
