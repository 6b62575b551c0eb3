"""Kamailio as a registrar that wants a password, as a proxy that stays in the path, or in front.

It runs on a free loopback port from a configuration written for the test, keeps nothing on disk
but in the test's folder, and dies with the test run.
"""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from support.peers import LOOPBACK, STOP_SECONDS, dying_with_us, free_port, require, stop

PASSWORD = "register me"
USER = "trunk-user"
_MODULES = [
    "tm",
    "sl",
    "rr",
    "path",
    "pv",
    "maxfwd",
    "siputils",
    "textops",
    "usrloc",
    "registrar",
    "auth",
]
_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")

# What is registered is looked up; any other call goes on to `upstream`.
_ROUTES = """
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  t_check_trans();
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("$td", "%(password)s", "0")) { www_challenge("$td", "1"); exit; }
    save("location");
    exit;
  }
  if (is_method("INVITE")) { record_route(); }
  if (lookup("location")) { t_relay(); exit; }
  $du = "sip:%(upstream)s";
  t_relay();
}
"""

# A border in front of a registrar: phones know it alone, the registrar learns it by Path
# (RFC 3327), and what the registrar sends by that path goes on to where the phone was heard.
_FRONT = """
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  force_rport();
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  t_check_trans();
  if (is_method("INVITE")) { record_route(); }
  loose_route();
  if ($sp == %(port)s) { t_relay(); exit; }
  if (is_method("REGISTER")) { add_path_received(); }
  $du = "sip:%(upstream)s";
  t_relay();
}
"""


@dataclass(frozen=True, slots=True)
class Kamailio:
    """A running one, at `address`."""

    address: tuple[str, int]
    log: Path

    @property
    def place(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"


@asynccontextmanager
async def kamailio(
    upstream: str = "127.0.0.1:9", port: int | None = None, *, in_front: bool = False
) -> AsyncIterator[Kamailio]:
    """Run it until the block ends; `upstream` is where calls to unknown users go.

    `in_front` of that it keeps no registrations: everything is for the registrar there.
    """
    program = require("kamailio", package="kamailio", beside="/usr/sbin")
    port = port or free_port()
    with TemporaryDirectory(prefix="opentact-kamailio-") as temporary:
        folder = Path(temporary)
        routes = _FRONT if in_front else _ROUTES
        (folder / "kamailio.cfg").write_text(_configuration(port, upstream, routes))
        log = folder / "log"
        options = ["-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", "16", "-M", "4"]
        options += ["-Y", str(folder), "-w", str(folder), "-P", str(folder / "pid")]
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: ASYNC220 - starting it takes no time
                dying_with_us([program, *options]),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        try:
            await _ready(process, port, log)
            yield Kamailio((LOOPBACK, port), log)
        finally:
            stop(process, signal.SIGTERM)


def _configuration(port: int, upstream: str, routes: str) -> str:
    modules = "\n".join(f'loadmodule "{name}.so"' for name in _MODULES)
    folders = ":".join(f"{each}/kamailio/modules/" for each in _FOLDERS)
    behind = upstream.rpartition(":")[2]
    routes %= {"password": PASSWORD, "upstream": upstream, "port": behind}
    return "\n".join(
        [
            "#!KAMAILIO",
            "debug=1\nlog_stderror=yes\nfork=yes\nchildren=1\ndisable_tcp=yes\nauto_aliases=no",
            f"listen=udp:{LOOPBACK}:{port}",
            f'mpath="{folders}"',
            modules,
            'modparam("registrar", "min_expires", 60)',
            'modparam("usrloc", "db_mode", 0)',
            'modparam("path", "use_received", 1)',
            routes,
        ]
    )


async def _ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Wait until it listens: Linux lists the port in hexadecimal."""
    listed = Path("/proc/net/udp")
    async with asyncio.timeout(2 * STOP_SECONDS):
        while f":{port:04X} " not in listed.read_text():  # noqa: ASYNC240 - memory, no disk
            if process.poll() is not None:
                said = log.read_text(errors="replace")  # noqa: ASYNC240 - a few lines
                raise RuntimeError(f"Kamailio ended: {said}")
            await asyncio.sleep(0.05)
