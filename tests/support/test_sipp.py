from pathlib import Path

import pytest

from support.sipp import SippResult, run_sipp, sipp_server

pytestmark = pytest.mark.e2e


async def test_calls_that_are_answered_are_successful() -> None:
    async with sipp_server("callee") as callee:
        placed = await run_sipp("caller", callee.address, calls=5, hold_ms=100)
    assert (placed.successful, placed.failed, placed.retransmissions) == (5, 0, 0)
    assert callee.result is not None
    assert callee.result.successful == 5


async def test_a_busy_callee_fails_the_call_by_an_unexpected_message() -> None:
    async with sipp_server("busy") as callee:
        placed = await run_sipp("caller", callee.address)
    assert (placed.successful, placed.failed, placed.unexpected) == (0, 1, 1)
    assert "486" in placed.errors


async def test_sipps_own_scenarios_go_by_name() -> None:
    async with sipp_server() as callee:
        placed = await run_sipp("uac", callee.address, calls=2)
    assert placed.successful == 2


async def test_nobody_there_is_a_failed_call() -> None:
    placed = await run_sipp("patient_caller", "127.0.0.1:9", timeout=1)
    assert (placed.successful, placed.failed) == (0, 1)


def test_a_run_without_statistics_says_what_sipp_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="SIPp wrote no statistics: bad scenario"):
        SippResult.read(tmp_path / "none.csv", "bad scenario\n")
