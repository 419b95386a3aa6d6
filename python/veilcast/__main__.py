"""The command line: ``python -m veilcast``, or ``veilcast``."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from veilcast import _native


def main() -> NoReturn:
    """Runs the program with this process's arguments."""
    # The program ends at Ctrl-C, or handles it. Python's own handler only runs when the program has ended.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.main(["veilcast", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
