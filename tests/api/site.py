"""An application in process, and a browser before it that keeps cookies and follows no redirect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import anyio
import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from api import app
from workflow import engine as engine_
from workflow import settings


@cache
def _first() -> FastAPI:
    """The application whose routes all those of this process share."""
    return app.create_app(settings.Settings(secret_key=bytes(32).hex()))


def application(chosen: settings.Settings, engine: engine_.Engine) -> FastAPI:
    """The application over an open engine. What a path means is the same for all of them, and
    the framework works it out at the first request, which costs about as much as a test."""
    made = app.create_app(chosen, engine=engine)
    made.router.routes = _first().router.routes
    return made


class Site:
    """A sync client over httpx's ASGI transport."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        self.cookies = httpx.Cookies()

    def get(self, path: str, **given: Any) -> httpx.Response:
        """One GET."""
        return self.send("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        """One POST."""
        return self.send("POST", path, **given)

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        """One request of any method."""

        async def sent() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://testserver", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **given)
                self.cookies = client.cookies
                return answer

        # in a thread of its own: in a browser's run this one has a loop going
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(anyio.run, sent).result()
