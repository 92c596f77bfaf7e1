"""Is this container well? Exit code 0 if so, else 1 with a line that says why not.

python3 healthy.py web       /readyz of the server on this machine says 200
python3 healthy.py worker    a worker of this machine has given its heartbeat lately
"""

# ruff: noqa: INP001  a script of the image, no package

from __future__ import annotations

import socket
import sys
import urllib.error
import urllib.request

PORT = 8000
PATIENCE_S = 8


def web(port: int) -> str | None:
    """What `/readyz` complains of; None where it is ready."""
    # no proxy of the environment stands between a machine and itself
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_S):
            return None
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    except OSError as error:
        return str(error)


def worker() -> str | None:
    """Whether the heartbeat that this machine's worker leaves in the database stands still."""
    # the web check has no need of these, and they take most of a second to load
    from workflow import engine, settings  # noqa: PLC0415
    from workflow.queries import board  # noqa: PLC0415

    host = socket.gethostname()[:100]
    opened = engine.start(settings.Settings(pool_size=1))
    try:
        lines = [line for line in board.workers(opened.database) if line.host == host]
    except Exception as error:  # noqa: BLE001  whatever it is, this container is not well
        return f"{type(error).__name__}: {error}"
    finally:
        engine.stop(opened)
    return None if any(line.is_alive for line in lines) else f"no heartbeat of {host}"


def main(arguments: list[str]) -> int:
    """Asks, and says what is wrong."""
    kind, *rest = arguments or ["web"]
    complaint = worker() if kind == "worker" else web(int(rest[0]) if rest else PORT)
    if complaint is not None:
        sys.stderr.write(f"{complaint}\n")
    return 0 if complaint is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
