"""`gridcase office` and `gridcase pack activate`: what they list, change, refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from api.cli import app
from rules import load
from tests import office
from workflow import audit, db, ids, read
from workflow.commands import packs
from workflow.queries import absences
from workflow.queries import office as office_query
from workflow.tables import office as tables

_LOG = tables.OfficeLog.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Machine:
    """The district's machine, at whose terminal somebody sits."""

    district: office.District
    env: Mapping[str, str]

    def run(self, *arguments: str, lang: str = "en") -> Result:
        """One call."""
        return CliRunner().invoke(app, ["--lang", lang, *arguments], env=dict(self.env))

    def answered(self, *arguments: str) -> dict[str, Any]:
        """The JSON of a call that went well."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def refused(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a call that was refused, and what it said."""
        result = self.run(*arguments)
        assert result.stdout == ""
        return result.exit_code, result.stderr

    def log(self) -> list[str]:
        """The names of the office log's rows."""
        with db.snapshot(self.district.engine.database) as tx:
            return list(tx.execute(select(_LOG.c.name).order_by(_LOG.c.seq)).scalars())


@pytest.fixture
def machine(database: db.Database, database_url: str) -> Machine:
    """The district, on the evening of Friday 20 March 2026."""
    district = office.build(database, accounts=("desk", "mediator"))
    env = {"GRIDCASE_DATABASE_URL": database_url, "GRIDCASE_SECRET_KEY": bytes(range(32)).hex()}
    return Machine(district=district, env=env)


def _posts(machine: Machine, *arguments: str) -> dict[str, dict[str, Any]]:
    found = machine.answered("office", "post", "list", *arguments)["posts"]
    names = {str(key): name for name, key in machine.district.posts.items()}
    return {names[one["id"]]: one for one in found}


# -- people and posts -----------------------------------------------------------------------------


def test_users_when_listed_say_who_is_away(machine: Machine) -> None:
    machine.answered("office", "absence", "add", "desk", "--from=2026-03-20", "--until=2026-03-22")
    machine.answered("office", "absence", "add", "desk", "--from=2026-03-24", "--until=2026-03-25")
    found = machine.answered("office", "user", "list")["users"]
    people = machine.district.people
    assert {one["id"] for one in found} == set(map(str, people.values()))
    by_id = {one["id"]: one for one in found}
    assert by_id[str(people["desk"])] == {
        "id": str(people["desk"]),
        "name": "演示desk",
        "username": "desk",
        "is_disabled": False,
        "away_until_on": "2026-03-22",
    }
    assert by_id[str(people["mediator"])]["away_until_on"] is None
    assert by_id[str(people["leader"])]["username"] is None
    assert "away until 2026-03-22" in machine.run("office", "user", "list").stdout


def test_posts_when_an_area_is_named_are_those_at_and_below_it(machine: Machine) -> None:
    assert _posts(machine).keys() == machine.district.posts.keys()
    below = _posts(machine, "--area", office.OTHER_STREET)
    assert below.keys() == {"other_officer", "other_desk", "other_supervisor"}
    people = machine.district.people
    assert below["other_officer"]["holder_id"] == str(people["other_officer"])
    assert below["other_officer"]["scope"] == office.OTHER_GRID
    assert _posts(machine, "--area", "99") == {}
    told = machine.run("office", "post", "list", lang="zh").stdout.splitlines()
    (line,) = [line for line in told if str(machine.district.posts["other_officer"]) in line]
    assert "单位 other_desk" in line
    assert line.count("演示other_officer") == 1


def test_appointing_when_one_is_named_leaves_the_other(machine: Machine) -> None:
    post, people = str(machine.district.posts["desk"]), machine.district.people
    told = machine.answered("office", "post", "appoint", post, "--deputy", "mediator")
    assert (told["holder_id"], told["deputy_id"]) == (str(people["desk"]), str(people["mediator"]))
    told = machine.answered("office", "post", "appoint", post, "--holder", str(people["leader"]))
    assert (told["holder_id"], told["deputy_id"]) == (
        str(people["leader"]),
        str(people["mediator"]),
    )
    said = machine.run("office", "post", "appoint", post, "--no-holder", "--no-deputy").stdout
    assert said == "单位 desk case_desk: held by -, deputy -.\n"
    assert _posts(machine)["desk"]["holder_id"] is None
    assert machine.log()[-3:] == ["appointed"] * 3


def test_appointing_when_it_makes_no_sense_is_refused(machine: Machine) -> None:
    post = str(machine.district.posts["desk"])
    for arguments, code in (
        ((post,), "cli.nobody"),
        ((post, "--holder", "desk", "--no-holder"), "cli.both"),
        ((post, "--deputy", "desk", "--no-deputy"), "cli.both"),
        ((post, "--holder", "nobody"), "person.unknown"),
        ((str(ids.uuid7()), "--holder", "desk"), "post.unknown"),
        (("x", "--holder", "desk"), "post.unknown"),
    ):
        exit_code, said = machine.refused("office", "post", "appoint", *arguments)
        assert (exit_code, f"[{code}]" in said) == (2, True), (arguments, said)
    assert "appointed" not in machine.log()


# -- absences -------------------------------------------------------------------------------------


def test_absences_when_added_are_listed_and_ended(machine: Machine) -> None:
    period = machine.answered(
        "office", "absence", "add", "mediator", "--from", "2026-03-20", "--until", "2026-03-25"
    )["id"]
    person = machine.district.people["mediator"]
    assert machine.answered("office", "absence", "list") == {
        "absences": [
            {
                "id": period,
                "person_id": str(person),
                "name": "演示mediator",
                "from_on": "2026-03-20",
                "until_on": "2026-03-25",
                "is_now": True,
            }
        ]
    }
    assert "2026-03-25" in machine.run("office", "absence", "list").stdout
    assert machine.answered("office", "absence", "end", period) == {"id": period, "ended": True}
    assert absences.every(machine.district.engine.database) == ()
    assert machine.log()[-2:] == ["absence_entered", "absence_ended"]


def test_absences_when_they_cannot_be_say_which_option(machine: Machine) -> None:
    machine.answered("office", "absence", "add", "desk", "--from=2026-03-23", "--until=2026-03-25")
    for days, exit_code, said in (
        (("2026-03-19", "2026-03-22"), 2, "--from: The absence begins before today"),
        (("2026-03-26", "2026-03-24"), 2, "--until: The last day comes before the first"),
        (("2026-03-26", "2028-03-24"), 2, "--until: The absence ends more than 366 days"),
        (("2026-03-25", "2026-03-26"), 1, "--from: There is an absence from 2026-03-23"),
        (("soon", "2026-03-26"), 2, "--from: "),
    ):
        first, last = days
        refused = machine.refused(
            "office", "absence", "add", "desk", "--from", first, "--until", last
        )
        assert (refused[0], said in refused[1]) == (exit_code, True), refused
    unknown = machine.refused("office", "absence", "end", str(ids.uuid7()))
    assert (unknown[0], "[absence.unknown]" in unknown[1]) == (2, True)
    assert machine.refused("office", "absence", "end", "x")[0] == 2
    assert len(absences.every(machine.district.engine.database)) == 1


def test_absences_when_over_end_no_more(machine: Machine) -> None:
    period = machine.answered(
        "office", "absence", "add", "desk", "--from=2026-03-20", "--until=2026-03-20"
    )["id"]
    machine.district.jump("2026-03-21 09:00")
    exit_code, said = machine.refused("office", "absence", "end", period)
    assert (exit_code, "[absence.over]" in said) == (1, True)


# -- packs ----------------------------------------------------------------------------------------


def _local_pack(machine: Machine, version: str) -> str:
    """Stores a pack of its own, as shipping one does; gives its hash."""
    folder = load.shipped()
    document = json.loads(load.load(folder).document)
    document["pack"]["version"] = version
    loaded = load.from_document(audit.canonical(document))
    with db.transaction(machine.district.engine.database) as tx:
        calendar = read.house(tx).calendar
        packs.add(tx, loaded, calendar, document=load.calendar_document(folder))
    return loaded.hash


def test_activating_when_named_either_way_starts_new_cases_under_it(machine: Machine) -> None:
    database = machine.district.engine.database
    shipped = office_query.house(database).rules
    before = machine.district.file("officer")
    name, first = shipped.pack.name, _local_pack(machine, "9.1")
    told = machine.answered("pack", "activate", f"{name}@9.1")
    assert told == {"name": name, "version": "9.1", "hash": first}
    assert office_query.house(database).rules.hash == first
    after = machine.district.file("officer")
    assert machine.district.case(after).pack_hash == first
    assert machine.district.case(before).pack_hash == shipped.hash
    said = machine.run("pack", "activate", shipped.hash[:8], lang="zh")
    assert (said.exit_code, shipped.hash in said.stdout) == (0, True)
    assert office_query.house(database).rules.hash == shipped.hash
    rows = len(machine.log())
    machine.answered("pack", "activate", shipped.hash)
    assert len(machine.log()) == rows, "nothing was switched"


def test_activating_a_shipped_local_pack_by_its_name_stores_it_first(machine: Machine) -> None:
    told = machine.answered("pack", "activate", "cn-gaotai")
    assert told["name"] == "cn-gaotai"
    again = machine.answered("pack", "activate", f"cn-gaotai@{told['version']}")
    assert again["hash"] == told["hash"]


def test_activating_a_pack_of_ones_own_by_its_folder_stores_it_where_it_is_sound(
    machine: Machine, tmp_path: Path
) -> None:
    own = tmp_path / "example-county"
    own.mkdir()
    head = 'name: example-county\nextends: cn-national\nversion: "1"\n'
    (own / "pack.yaml").write_text(head + "title: {zh: 某县, en: A county}\n", "utf-8")
    limit = own / "deadlines.yaml"
    limit.write_text("dispute.tell_progress: {limit: 0 working days}\n", "utf-8")
    database = machine.district.engine.database
    before = office_query.house(database).rules.hash
    exit_code, said = machine.refused("pack", "activate", str(own))
    assert (exit_code, "deadlines.yaml:1" in said) == (2, True), said
    assert office_query.house(database).rules.hash == before
    limit.write_text("dispute.tell_progress: {limit: 2 working days}\n", "utf-8")
    told = machine.answered("pack", "activate", str(own))
    assert (told["name"], told["version"]) == ("example-county", "1")
    filed = machine.district.file()
    assert machine.district.case(filed).pack_hash == told["hash"]
    machine.district.ask(filed, "ask_progress")
    (owed,) = machine.district.deadlines(filed)["dispute.tell_progress"]
    assert f"{owed.due_on}" == "2026-03-24"


def test_activating_when_it_is_not_there_or_not_one_is_refused(machine: Machine) -> None:
    database = machine.district.engine.database
    rules = office_query.house(database).rules
    name, shipped = rules.pack.name, rules.hash
    for asked in (f"{name}@0", f"{name}@", shipped[:7], "", "0" * 64):
        exit_code, said = machine.refused("pack", "activate", asked)
        assert (exit_code, "[pack.not_stored]" in said) == (2, True), (asked, said)
    _local_pack(machine, rules.pack.version + ".1")
    assert machine.answered("pack", "activate", f"{name}@{rules.pack.version}")["hash"] == shipped


def test_activating_when_no_database_is_there_says_so(machine: Machine) -> None:
    machine.env = {"GRIDCASE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    exit_code, said = machine.refused("pack", "activate", "cn-national@1")
    assert (exit_code, "database.unreachable" in said) == (3, True)
