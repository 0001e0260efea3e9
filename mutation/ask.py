"""The test command that Cosmic Ray runs for each mutant: asks the warm process, ends with 1 when a test fails.

Imports as little as can be: it is started once for each mutant.
"""

import socket
import sys

LOST = "lost"
"""Said when the warm process gave no answer: neither survived nor killed, although the exit code cannot say so."""


def said_of(address: str, module: str, how_much: str) -> str:
    """`survived`, `survived the cases` (asked alone), `timeout`, `killed: ` with what failed, or `lost`."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(address)
            connection.sendall(f"{module} {how_much}\n".encode())
            with connection.makefile("r", encoding="utf-8") as reading:
                said = reading.read().strip()
    except OSError:
        return LOST
    return said or LOST


if __name__ == "__main__":
    answer = said_of(*sys.argv[1:4])
    print(answer)
    raise SystemExit(not answer.startswith("survived"))
