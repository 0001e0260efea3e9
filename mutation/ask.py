"""The test command that Cosmic Ray runs for each mutant: asks the warm process, ends with 1 when a test fails.

Imports as little as can be: it is started once for each mutant.
"""

import socket
import sys


def main(address: str, module: str, how_much: str) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(address)
        connection.sendall(f"{module} {how_much}\n".encode())
        with connection.makefile("r", encoding="utf-8") as answer:
            said = answer.read().strip()
    print(said)
    return 0 if said == "survived" else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:4]))
