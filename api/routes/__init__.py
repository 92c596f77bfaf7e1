"""JSON under `/api/v1`, one router a subject; health, metrics and documentation at the root."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import (
    absences,
    attachments,
    cases,
    contacts,
    health,
    lookup,
    offices,
    papers,
    reference,
    rules,
    session,
)

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    absences.router,
    cases.router,
    papers.router,
    attachments.router,
    lookup.router,
    offices.router,
    contacts.router,
    rules.router,
)
ROOT_ROUTERS: tuple[APIRouter, ...] = (health.router, reference.router)
