"""Run by try.sh inside the image, on a demo's data: files a case over HTTP, lets a month pass
in which nobody does anything, and waits until the workers have climbed its ladder.

python3 try_case.py http://127.0.0.1:8000
"""

# ruff: noqa: INP001, S310, T201  a script; it asks its own server; it tells what it sees

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections import Counter
from typing import Any

from api.demo import dataset, places
from workflow import db, engine, ids, settings
from workflow.commands import office
from workflow.queries import board

DAYS = 30
PATIENCE_S = 60
CASE = {
    "subject": "3号楼502漏水，402天花板受损",
    "story": "卫生间漏水，楼下天花板泡坏。",
    "category": "0201",
    "applicant_name": "张示例",
    "respondent_name": "李样本",
    "told": True,
}


def ask(
    url: str, *, token: str = "", sent: object = None, **headers: str
) -> tuple[Any, dict[str, str]]:
    """One request to the API: its answer and its headers."""
    given = {"Accept-Language": "en", "Content-Type": "application/json", **headers}
    if token:
        given["Authorization"] = f"Bearer {token}"
    body = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(url, data=body, headers=given)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer), dict(answer.headers)


def main(server: str) -> int:
    """The visit."""
    chosen = settings.Settings()
    api = f"{server}/api/v1"
    who = {"username": "officer", "password": dataset.passwords(chosen.key())["officer"]}
    _, headers = ask(
        f"{api}/session",
        sent={**who, "kind": "browser"},
        **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"},
    )
    print("cookie behind a proxy that ends TLS:", "Secure" in headers["set-cookie"] or "NOT secure")
    token = ask(f"{api}/session", sent=who)[0]["token"]
    case_id, opened = str(ids.uuid7()), engine.start(chosen)
    new = {"id": case_id, "action_id": str(ids.uuid7()), "process": "dispute"}
    filed, _ = ask(
        f"{api}/cases", token=token, sent={**new, "origin_grid": places.GRID, "fields": CASE}
    )
    print("filed:", filed["number"])
    with db.transaction(opened.database) as tx:
        office.advance(tx, seconds=DAYS * 86400)
    began, seen = time.monotonic(), Counter[str]()
    while "leader" not in seen and time.monotonic() - began < PATIENCE_S:
        time.sleep(0.2)
        events, _ = ask(f"{api}/cases/{case_id}/events", token=token)
        seen = Counter(
            event["details"]["effect"] for event in events["items"] if event["name"] == "rung_fired"
        )
    print(f"{DAYS} days later, after {time.monotonic() - began:.1f} s:", ", ".join(seen))
    for line in board.workers(opened.database):
        if line.is_alive:
            print(f"{line.host}: process {line.pid}, fired {line.fired}, errors {line.errors}")
    engine.stop(opened)
    return 0 if "leader" in seen and max(seen.values()) == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
