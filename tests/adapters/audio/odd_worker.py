"""A child process that misbehaves as it is told; run by test_worker."""

import os
import signal
import sys

from opentact.adapters.audio.channel import HEADER, Channel


def main() -> None:
    channel = Channel.standard()
    for question in channel:
        match question["do"]:
            case "answer":
                channel.answer({"pid": os.getpid(), "env": dict(os.environ)})
            case "print":
                sys.stdout.write("a library says hello\n")
                sys.stdout.flush()
                channel.answer({"said": True})
            case "complain":
                _ = 1 / 0
            case "chatter":
                sys.stderr.write("warning\n" * 100_000)
                channel.answer({"said": True})
            case "die":
                os._exit(3)
            case "hang":
                signal.pause()
            case "babble":
                os.write(channel._answers.fileno(), HEADER.pack(4) + b"what")
            case "boast":
                os.write(channel._answers.fileno(), HEADER.pack(2**31))


main()
