"""Programs that search the network for telephone systems to rob, known by their User-Agent.

They take any answer for "somebody is here", so they get none (field list of issue 3, row 34).
Whoever changes its name is caught by what it does; see watch.py.
"""

import re

# Beginnings of User-Agents, as honeypots and public ban lists have seen them. Each is the name
# of a scanner or of a tool that only scanners send by its own name.
AGENTS = (
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sip-scan",
    "sipscan",
    "sipsak",
    "sipcli",
    "sipptest",
    "svmap",
    "svwar",
    "svcrack",
    "sundayddr",
    "smap",
    "iwar",
    "vaxsipuseragent",
    "vaxasip",
    "pplsip",
    "sipv",
    "siparmyknife",
    "gulp",
    "eyebeam release 1.5.19.5",
    "voip v11.0",
    "nm@ghost",
)

# Within a call nobody scans; what is not looked at costs nothing.
_BEGINS = (b"OPTIONS ", b"INVITE ", b"REGISTER ", b"SUBSCRIBE ", b"MESSAGE ", b"NOTIFY ")
_NAMED = re.compile(
    rb"\n(?:user-agent|server)[ \t]*:[ \t]*("
    + b"|".join(re.escape(each.encode()) for each in AGENTS)
    + rb")",
    re.IGNORECASE,
)


def scanner_of(data: bytes) -> str | None:
    """Tell which scanner sent a message that begins something, None if none that is known."""
    if not data.startswith(_BEGINS):
        return None
    found = _NAMED.search(data)
    return found[1].decode().lower() if found else None
