"""JSON under `/api/v1`, one router a subject; health, metrics and documentation at the root."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import health

ROUTERS: tuple[APIRouter, ...] = ()
ROOT_ROUTERS: tuple[APIRouter, ...] = (health.router,)
