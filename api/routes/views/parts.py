"""Lengths and spans, as cases, residents and processes show them alike."""

from __future__ import annotations

from collections.abc import Iterable

from api import texts
from api.routes.shapes import cases, told
from rules import pack as pack_
from workflow.queries import case as case_query


def length(length: pack_.Length | None) -> told.Length | None:
    """A length of time."""
    return None if length is None else told.Length(n=length.n, unit=length.unit)


def spans(clock: case_query.ClockView, words: texts.Words) -> tuple[told.Span, ...]:
    """Why a clock ends when it does, in words."""
    return tuple(
        told.Span(
            first_on=span.first_on,
            last_on=span.last_on,
            counted=span.counted,
            kind=span.kind,
            text=words.text(span.name) or words.phrase(span.kind),
            note=span.note,
        )
        for span in clock.spans
    )


def values(given: Iterable[case_query.Value], words: texts.Words) -> tuple[cases.Value, ...]:
    """Personal values, masked."""
    return tuple(
        cases.Value(
            key=f"{value.seq}:{value.field}",
            field=value.field,
            name=words.text(value.name),
            kind=value.kind,
            masked=value.masked,
            can_open=value.can_open,
        )
        for value in given
    )
