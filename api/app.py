"""The application: engine, thread limit, scheduler if asked; routes, pages, refusals, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib import resources
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from api import caller, login, observe, pages, problems, render, routes
from workflow import channels, scheduler, settings
from workflow import engine as engine_

VERSION = "0.1.0"


def create_app(
    chosen: settings.Settings,
    *,
    engine: engine_.Engine | None = None,
    rings: bool = False,
    stuck: Callable[[], None] = scheduler.unheard,
) -> FastAPI:
    """The application of one installation. `engine` is one that is open already, and is left
    open; `rings` starts the scheduler in this process too, and `stuck` is called should its jobs
    stand still.

    Raises: `channel.library`, `channel.template`.
    """
    app = FastAPI(
        title="Gridcase",
        version=VERSION,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.settings = chosen
    app.state.rings = rings
    app.state.stuck = stuck
    app.state.is_draining = False
    app.state.limits = login.Limits()
    app.state.door = channels.open(chosen.channels)
    app.state.engine = engine
    static = Path(str(resources.files("api") / "static"))
    app.mount(render.STATIC.rstrip("/"), StaticFiles(directory=static), name="static")
    for router in routes.ROOT_ROUTERS:
        app.include_router(router)
    for router in routes.ROUTERS:
        app.include_router(router, prefix=f"{problems.API_PREFIX}v1")
    for router in pages.ROUTERS:
        app.include_router(router, include_in_schema=False)
    _guard(app)
    return app


def _guard(app: FastAPI) -> None:
    """What surrounds every request, innermost first."""
    app.add_middleware(caller.BodyLimit)
    app.add_middleware(caller.SameOrigin)
    problems.register(app)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, _no_such_method)
    app.add_middleware(render.SecurityHeaders)
    app.add_middleware(observe.Requests)


def _no_such_method(request: Request, _error: Exception) -> Response:
    """Tells every method of an address: the framework knows those of one route only."""
    methods = caller.methods_of(request.app, request.url.path)
    return problems.respond(
        request, problems.NoSuchMethod("request.method", allow=", ".join(methods))
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    chosen: settings.Settings = app.state.settings
    is_own = app.state.engine is None
    if is_own:
        app.state.engine = engine_.start(chosen)
    # a thread without a connection would only wait for one
    anyio.to_thread.current_default_thread_limiter().total_tokens = chosen.pool_size
    bell = _bell(app)
    try:
        if bell is not None:
            await anyio.to_thread.run_sync(bell.start)
        yield
    finally:
        if bell is not None:
            await anyio.to_thread.run_sync(bell.stop)
        if is_own:
            engine_.stop(app.state.engine)
            app.state.engine = None


def _bell(app: FastAPI) -> scheduler.Bell | None:
    """The scheduler, where this process is to ring; each ring is counted."""
    if not app.state.rings:
        return None
    chosen: settings.Settings = app.state.settings
    return scheduler.Bell(
        app.state.engine,
        tick_s=chosen.tick_s,
        told=observe.rang,
        audited=observe.audited,
        sent=observe.sent,
        stuck=app.state.stuck,
        door=app.state.door,
        public_url=chosen.public_url,
    )
