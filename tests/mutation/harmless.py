"""The rules by which a thing may be missing from a pack and nobody is harmed.

A rule speaks of a kind of thing, never of one by its name, and only after the check has looked at
the whole pack without it and found nothing: every state still has an owner who can act, a clock
and a way out. What the law asks for is held by the pack's provisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]
Judge = Callable[[Any, Path], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule with its reason; `holds` judges the way to the thing in the whole document."""

    name: str
    reason: str
    holds: Judge


def rule_of(document: Any, path: Path) -> Rule | None:
    """The first rule that a missing thing is harmless by."""
    return next((rule for rule in RULES.values() if rule.holds(document, path)), None)


def like(*shape: str) -> Judge:
    """Ways of this shape: `*` is any key, `#` any place in a list, `a|b` one of these."""

    def holds(_: Any, path: Path) -> bool:
        return len(path) == len(shape) and all(map(_fits, path, shape))

    return holds


def _fits(part: str | int, wanted: str) -> bool:
    if wanted in "*#":
        return isinstance(part, int) == (wanted == "#")
    return str(part) in wanted.split("|")


def either(*judges: Judge) -> Judge:
    """Ways of any of these shapes."""
    return lambda document, path: any(judge(document, path) for judge in judges)


def both(*judges: Judge) -> Judge:
    """Ways of which all of this is true."""
    return lambda document, path: all(judge(document, path) for judge in judges)


def at(document: Any, path: Path) -> Any:
    """What stands at the end of a way."""
    for key in path:
        document = document[key]
    return document


# -- what a rule asks of the document -----------------------------------------------------------


def _opens_nothing(document: Any, path: Path) -> bool:
    right = at(document, path)
    return not right["sees"] and not right["acts"]


def _closes(document: Any, path: Path) -> bool:
    """The action that is no longer a stop closes the case."""
    clock = at(document, path[:2])
    flow = document["processes"][clock["process"]]
    to = flow["actions"][at(document, path)].get("to")
    return bool(to) and flow["states"][to].get("end") == "true"


def _is_window(document: Any, path: Path) -> bool:
    return "belongs_to" in at(document, path[:2])


def _is_ours(document: Any, path: Path) -> bool:
    return str(at(document, path[:2])["tag"]) == "default"


def _is_soft(document: Any, path: Path) -> bool:
    return bool(at(document, path[:2]).get("soft"))


def _leads_nowhere(document: Any, path: Path) -> bool:
    return "to" not in at(document, path)


def _no_office_there(document: Any, path: Path) -> bool:
    return all(row["level"] != path[-1] for row in document["offices"])


def _asks(document: Any, path: Path) -> bool:
    """The field is of a kind that seals nothing by being gone."""
    return path[-1] in {"min", "max"} and at(document, path[:2])["type"] in {"text", "int"}


def _is_address(document: Any, path: Path) -> bool:
    return bool(at(document, path[:2]).get("personal") == "address")


def _unread_date(document: Any, path: Path) -> bool:
    return bool(at(document, path[:2])["type"] == "date")


def _to_itself(document: Any, path: Path) -> bool:
    """The action leads to the only state it is done in."""
    action = at(document, path[:4])
    return bool(action["from"] == [action.get("to")])


def _begun_before(document: Any, path: Path) -> bool:
    """The start is an action that leaves the case in the state it is done in."""
    process = at(document, path[:2])["process"]
    return _to_itself(document, ("processes", process, "actions", at(document, path)))


def _sent_before(document: Any, path: Path) -> bool:
    """The action is done only where the case has come back to who sent it."""
    actions, own = at(document, path[:3]), at(document, path[:4])
    places = [
        document["routing"][action["lead"]]["place"] if "lead" in action else ""
        for action in actions.values()
        if action.get("to") in own["from"] and action is not own
    ]
    return bool(places) and set(places) == {"sender"}


def _only_the_invited(document: Any, path: Path) -> bool:
    """The right opens a case to who was invited, and nowhere else is anybody."""
    right = at(document, path[:2])
    inviting = {
        name
        for name, flow in document["processes"].items()
        if any(action.get("invitation") == "make" for action in flow["actions"].values())
    }
    return right["sees"] == ["invited"] and inviting <= set(right["processes"])


_RULES: Final = (
    Rule(
        name="empty_right",
        reason="a right that opens nothing may be missing: nothing is opened without it either",
        holds=both(like("rights", "*"), _opens_nothing),
    ),
    Rule(
        name="reads_less",
        reason="hidden is the safe side; who owns a state, who writes and the party must read, "
        "and the check holds them to it",
        holds=either(like("rights", "*", "fields"), like("rights", "*", "fields", "*")),
    ),
    Rule(
        name="relation",
        reason="one way less to a case: its owner and every action are still reached by another",
        holds=like("rights", "*", "sees|acts", "#"),
    ),
    Rule(
        name="board",
        reason="whoever is told to supervise has a board; others see their lists",
        holds=like("rights", "*", "board"),
    ),
    Rule(
        name="role_word",
        reason="the word of a role that nothing in the pack names",
        holds=like("roles", "*"),
    ),
    Rule(
        name="rung",
        reason="a ladder with a rung less is shorter and still ends; the clock turns red by itself",
        holds=like("ladders", "*", "#"),
    ),
    Rule(
        name="route_kind",
        reason="an office less to go to: the walk found another wherever the route is taken",
        holds=like("routing", "*", "kinds", "#"),
    ),
    Rule(
        name="told_at_once",
        reason="without quiet hours a notice goes at once; in the program it stands at once anyway",
        holds=either(like("delivery"), like("delivery", "quiet")),
    ),
    Rule(
        name="told_in_the_morning",
        reason="a cause that breaks no quiet waits for the morning; in the program it stands at "
        "once",
        holds=like("delivery", "quiet", "broken_by", "#"),
    ),
    Rule(
        name="level_word",
        reason="the word of a level where the pack has no office: no case stands there",
        holds=both(like("pack", "levels", "*"), _no_office_there),
    ),
    Rule(
        name="office",
        reason="an office or a post less: the check found whose turn it is wherever a case stands, "
        "and a ladder asks the level above",
        holds=either(like("offices", "#"), like("offices", "#", "posts", "#")),
    ),
    Rule(
        name="clock_name",
        reason="a clock without a name is called after the action that stops it",
        holds=like("deadlines", "*", "name"),
    ),
    Rule(
        name="begun_before",
        reason="the act leaves the case in its state, where the clock has begun: it is not begun "
        "anew, and the office has no more time",
        holds=both(like("deadlines", "*", "starts", "#"), _begun_before),
    ),
    Rule(
        name="end_stop",
        reason="closing a case stops every clock of it (I9), named among the stops or not",
        holds=both(like("deadlines", "*", "stops", "#"), _closes),
    ),
    Rule(
        name="window_stop",
        reason="a window that nobody stops lapses by itself, has no light and charges nobody",
        holds=both(like("deadlines", "*", "stops", "#"), _is_window),
    ),
    Rule(
        name="stop",
        reason="the office is held longer: from everywhere the clock runs, what it waits for can "
        "still be done",
        holds=like("deadlines", "*", "stops", "#"),
    ),
    Rule(
        name="more_often",
        reason="a clock with a condition less runs in more cases; each of them can stop it",
        holds=either(like("deadlines", "*", "when"), like("deadlines", "*", "when", "#")),
    ),
    Rule(
        name="no_pause",
        reason="a clock that does not stand still gives the office less time, never the party",
        holds=either(like("deadlines", "*", "pauses"), like("deadlines", "*", "pauses", "#")),
    ),
    Rule(
        name="pause_cap",
        reason="another clock runs meanwhile, or the check would say that all stand still",
        holds=like("deadlines", "*", "pauses", "#", "max"),
    ),
    Rule(
        name="no_extension",
        reason="a limit that nobody lengthens stands; the party gets the answer sooner",
        holds=both(like("deadlines", "*", "extension")),
    ),
    Rule(
        name="strict",
        reason="a miss of a clock that is not soft is charged, not only talked over",
        holds=like("deadlines", "*", "soft"),
    ),
    Rule(
        name="soft_ladder",
        reason="a soft clock is talked over: its miss lights up, and nothing has to follow",
        holds=both(like("deadlines", "*", "ladder"), _is_soft),
    ),
    Rule(
        name="asks",
        reason="on_miss asks the handler for an action and never does it",
        holds=like("deadlines", "*", "on_miss"),
    ),
    Rule(
        name="our_clock",
        reason="a clock that no law gives: every open state still has another one",
        holds=both(like("deadlines", "*"), _is_ours),
    ),
    Rule(
        name="notice",
        reason="the case page says the same; who is handed a case, who is named and whom a rung "
        "addresses must be told, and the check holds the pack to it",
        holds=like("notices", "#"),
    ),
    Rule(
        name="receiver",
        reason="one receiver less: the notice still tells somebody, and the list of each says what "
        "is theirs",
        holds=like("notices", "#", "tell", "#"),
    ),
    Rule(
        name="notice_of_all",
        reason="a notice that names no process answers in every one that has the action",
        holds=like("notices", "#", "process"),
    ),
    Rule(
        name="example",
        reason="an example proves; the clock is what it was without it, and each national one "
        "keeps one",
        holds=like("examples", "#"),
    ),
    Rule(
        name="all_examples",
        reason="examples prove; the clocks are what they were without them",
        holds=like("examples"),
    ),
    Rule(
        name="category",
        reason="a category less to choose: no condition asks for it, and the group has others",
        holds=like("categories", "*"),
    ),
    Rule(
        name="hint",
        reason="a hint helps to fill in; the field asks the same",
        holds=like("fields", "*", "hint"),
    ),
    Rule(
        name="citation",
        reason="the choice is the same without its source; what the law gives stands on a row of "
        "the provisions",
        holds=like("fields", "*", "choices", "#", "source"),
    ),
    Rule(
        name="choice",
        reason="an answer less to give: at least two are left and no condition asks for this one",
        holds=like("fields", "*", "choices", "#"),
    ),
    Rule(
        name="bounds",
        reason="a text or number without bounds of its own has those of the program",
        holds=_asks,
    ),
    Rule(
        name="unread_date",
        reason="a date that no clock and no condition reads moves nothing",
        holds=both(like("fields", "*", "past_only|future_only"), _unread_date),
    ),
    Rule(
        name="address_of_a_place",
        reason="an address that is nobody's is a place's, sealed under the same right",
        holds=both(like("fields", "*", "party"), _is_address),
    ),
    Rule(
        name="field_seldomer",
        reason="another action asks for the field, and nothing that hangs on this one reads it",
        holds=either(
            like("processes", "*", "actions", "*", "needs|takes", "#"),
            like("processes", "*", "actions", "*", "needs|takes"),
        ),
    ),
    Rule(
        name="side_action",
        reason="an action that leads nowhere: the case goes its way without it, and what the check "
        "asks of every process is still there",
        holds=both(like("processes", "*", "actions", "*"), _leads_nowhere),
    ),
    Rule(
        name="within",
        reason="the action is possible after the window too, or while it is asked for already; the "
        "check asks for the bound where the window is the organ's, or the act could be done again",
        holds=like("processes", "*", "actions", "*", "within|outside"),
    ),
    Rule(
        name="actor",
        reason="one role less may do it: in every state somebody else can reach the action",
        holds=like("processes", "*", "actions", "*", "by", "#"),
    ),
    Rule(
        name="from",
        reason="a state less to do it in: the check found in it a way on, a clock that can be "
        "stopped, a way to step back, and whoever's turn it is",
        holds=like("processes", "*", "actions", "*", "from", "#"),
    ),
    Rule(
        name="condition",
        reason="an action with a condition less is possible more often; the walk took all of it, "
        "and what the law asks for stands on a row of the provisions",
        holds=either(
            like("processes", "*", "actions", "*", "when"),
            like("processes", "*", "actions", "*", "when", "#"),
        ),
    ),
    Rule(
        name="resident_sees",
        reason="a step more on the resident's page: its name and day; sealed fields keep their "
        "rights, and who steps back is never shown",
        holds=like("processes", "*", "actions", "*", "resident_sees"),
    ),
    Rule(
        name="stays",
        reason="without a route the case stays at its office, where the check found whose turn "
        "it is",
        holds=like("processes", "*", "actions", "*", "lead"),
    ),
    Rule(
        name="nobody_handles",
        reason="without a handler the one before goes on, or whoever owns the state; a case that "
        "moves to another office must say",
        holds=like("processes", "*", "actions", "*", "handler"),
    ),
    Rule(
        name="to_itself",
        reason="the action is done in one state and leads to it: the case stays there either way",
        holds=both(like("processes", "*", "actions", "*", "to"), _to_itself),
    ),
    Rule(
        name="sent_before",
        reason="the case has come back to the office that sent it, which is still its sender",
        holds=both(like("processes", "*", "actions", "*", "sends"), _sent_before),
    ),
    Rule(
        name="only_the_invited",
        reason="where nobody invites, a right of those invited opens nothing",
        holds=both(
            either(like("rights", "*", "processes"), like("rights", "*", "processes", "#")),
            _only_the_invited,
        ),
    ),
    Rule(
        name="paper_number",
        reason="without a form of its own the pack numbers its papers as the program does",
        holds=like("pack", "paper_number"),
    ),
    Rule(
        name="counted",
        reason="is_return only counts a return for the office that held the case",
        holds=like("processes", "*", "actions", "*", "is_return"),
    ),
    Rule(
        name="main",
        reason="without a usual next action the page offers all alike",
        holds=either(
            like("processes", "*", "states", "*", "main"),
            like("processes", "*", "states", "*", "main", "#"),
        ),
    ),
    Rule(
        name="done_later",
        reason="an office still owes something in the state, so the matter counts as settled one "
        "step later",
        holds=like("processes", "*", "states", "*", "done"),
    ),
    Rule(
        name="owner",
        reason="one owner less: wherever the case stands another has a post and may act",
        holds=like("processes", "*", "states", "*", "owner", "#"),
    ),
    Rule(
        name="our_paper",
        reason="a paper that no law asks for: the act stands in the chain without it",
        holds=both(either(like("papers", "*"), like("papers", "*", "made_by", "#")), _is_ours),
    ),
    Rule(
        name="draft_mark",
        reason="what is to be signed is read without the mark of a draft; the paper is the same",
        holds=like("papers", "*", "signed"),
    ),
    Rule(
        name="more_papers",
        reason="a paper with a condition less is made more often; the check objects where it then "
        "says something else than another of the same act",
        holds=either(like("papers", "*", "when"), like("papers", "*", "when", "#")),
    ),
    Rule(
        name="file_order",
        reason="what it is stands at another place of the file, and is in it",
        holds=either(like("papers", "*", "place"), like("fields", "*", "choices", "#", "place")),
    ),
    Rule(
        name="parts",
        reason="the parts prove what a paper holds; its text is what it was without them",
        holds=either(like("papers", "*", "parts"), like("papers", "*", "parts", "#")),
    ),
    Rule(
        name="reading",
        reason="the provisions are for the reader: no case goes by them; national clocks and "
        "sourced choices must stand on a row",
        holds=either(
            like("provisions"), like("provisions", "*"), like("provisions", "*", "kept_by", "#")
        ),
    ),
)
RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _RULES}
