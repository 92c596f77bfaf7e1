"""Drives an application in process, as a browser that keeps cookies and follows no redirect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
from starlette.types import ASGIApp


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
