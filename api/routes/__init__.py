"""JSON under `/api/v1`, one router a subject; health, metrics and documentation at the root."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import cases, health, lookup, offices, reference, session

ROUTERS: tuple[APIRouter, ...] = (session.router, cases.router, lookup.router, offices.router)
ROOT_ROUTERS: tuple[APIRouter, ...] = (health.router, reference.router)
