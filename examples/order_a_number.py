"""Search a number, order it, and say what became of it. Needs Python alone.

OPENTACT_TOKEN=... python examples/order_a_number.py --state NJ
OPENTACT_TOKEN=... python examples/order_a_number.py --number 12015550142
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

URL = os.environ.get("OPENTACT_URL", "http://127.0.0.1:8080")
SETTLED = {"success", "failed"}


class RefusedError(Exception):
    """The API said no; the text is its own."""


def ask(path: str, body: object = None, key: str | None = None) -> Any:
    """Ask the API, and give the payload of its answer."""
    headers = {"X-Auth-Token": os.environ["OPENTACT_TOKEN"], "Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/rest{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["payload"]
    except urllib.error.HTTPError as refusal:
        said = json.load(refusal)
        raise RefusedError(f"{said['message']} ({said['code']}, see {said['doc_url']})") from None


def find(state: str) -> int:
    """Find the first number for sale in a state."""
    found = ask("/tn/search", {"type": "long_code", "country": "US", "state": state, "take": 1})
    if not found["data"]:
        raise RefusedError(f"There is no number for sale in {state}")
    return int(found["data"][0]["tn"])


def order(number: int) -> dict[str, Any]:
    """Order it, and wait until the order is settled.

    The key is made once, before the first try: should the answer get lost, asking again with the
    same key gives the same order, not a second one.
    """
    body = {"items": [{"tn": number, "features": ["voice", "sms"], "autorenew": False}]}
    placed: dict[str, Any] = ask("/order", body, key=str(uuid.uuid4()))
    while placed["state"] not in SETTLED:
        time.sleep(0.2)
        placed = ask(f"/order/{placed['uuid']}")
    return placed


def main() -> int:
    """Do what the command line asks; 1 if it was refused."""
    parser = argparse.ArgumentParser(description="Order a phone number.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--state", default="NJ")
    which.add_argument("--number", type=int)
    wanted = parser.parse_args()
    try:
        number = wanted.number or find(wanted.state)
        placed = order(number)
        balance = ask("/account")["balance"]
    except RefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(f"+{number}: {placed['state']}, ${balance:.2f} left")
    return 0 if placed["state"] == "success" else 1


if __name__ == "__main__":
    sys.exit(main())
