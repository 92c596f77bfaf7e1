"""The rules of the office: what the rules page tells people, for programs."""

from __future__ import annotations

from api.routes import shapes
from api.routes.shapes import Shape
from api.rulebook.articles import Law
from api.rulebook.book import ProcessRules
from api.rulebook.days import CalendarRules

_HASH = "8f0e" * 16


class Rules(Shape):
    """The rules that new cases start under, or those of a stored pack, in the request's
    language. `hash` is their identity: a case names it, and keeps these rules to its end."""

    model_config = shapes.example(
        {
            "name": "cn-national",
            "version": "2026.1",
            "title": "National pack",
            "hash": _HASH,
            "is_active": True,
            "processes": [
                {
                    "name": "dispute",
                    "title": "Dispute",
                    "opening": [
                        {
                            "name": "file_case",
                            "title": "File",
                            "by": "Grid officer, Case desk",
                            "roles": ["grid_officer", "case_desk"],
                            "to": "Awaiting acceptance",
                            "leads_to": "filed",
                        }
                    ],
                    "states": [
                        {
                            "name": "filed",
                            "title": "Awaiting acceptance",
                            "owner": "With: Case desk",
                            "running": ["Time to accept: 3 working days"],
                            "acts": [],
                        }
                    ],
                    "any_time": [],
                    "clocks": [
                        {
                            "name": "dispute.accept",
                            "title": "Time to accept",
                            "length": "3 working days",
                            "n": 3,
                            "unit": "working_day",
                            "until": None,
                            "no_later_than": [],
                            "starts": ["file_case"],
                            "stops": ["accept", "refuse", "withdraw"],
                            "belongs_to": None,
                            "counting": "The day it begins does not count.",
                            "begins": "File",
                            "ends": "Accept, Refuse, Withdraw",
                            "only_if": [],
                            "owner": "the office that handles the case",
                            "is_window": False,
                            "late": ["It shows red and counts for the office."],
                            "ladder": [
                                {
                                    "when": "at 75 % of the time",
                                    "what": "Yellow card",
                                    "who": "whoever handles the case",
                                    "basis": {
                                        "tag": "default",
                                        "kind": "Set by this pack",
                                        "source": "",
                                    },
                                }
                            ],
                            "pauses": [],
                            "longer": None,
                            "basis": {
                                "tag": "default",
                                "kind": "Set by this pack",
                                "source": "本规则包约定",
                            },
                        }
                    ],
                    "choices": [],
                    "papers": [],
                }
            ],
            "articles": [],
            "calendar": {
                "zone": "Asia/Shanghai",
                "hours": [
                    {
                        "since": None,
                        "lines": ["09:00–12:00, 13:30–17:30"],
                        "breaks": "12:00–13:30",
                        "source": "",
                    }
                ],
                "years": [
                    {
                        "year": 2027,
                        "is_known": True,
                        "is_provisional": True,
                        "source": "尚未公布",
                        "days_off": [
                            {
                                "first": "2027-05-01",
                                "last": "2027-05-02",
                                "n": 2,
                                "told": "Sat 1 May 2027 to Sun 2 May 2027",
                                "title": "Labour Day",
                            }
                        ],
                        "extra_workdays": [],
                        "half_days": [],
                    }
                ],
            },
        }
    )

    name: str
    version: str
    title: str
    hash: str
    is_active: bool
    processes: tuple[ProcessRules, ...]
    articles: tuple[Law, ...]
    calendar: CalendarRules
