"""What operators see: structured logs, the request's number, metrics. Ids and numbers only."""

from __future__ import annotations

import collections
import logging
import math
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Literal

import prometheus_client as prometheus
import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow import auditor, outbox, scheduler
from workflow.queries import installation

REGISTRY = prometheus.CollectorRegistry()
REQUESTS = prometheus.Counter(
    "gridcase_requests",
    "Requests answered.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = prometheus.Histogram(
    "gridcase_request_seconds",
    "Time to answer a request, in seconds.",
    ("route",),
    registry=REGISTRY,
)
ERRORS = prometheus.Counter(
    "gridcase_errors",
    "Requests refused, by error code.",
    ("code",),
    registry=REGISTRY,
)
FAULTS = prometheus.Counter(
    "gridcase_faults",
    "Unexpected exceptions at the request boundary.",
    registry=REGISTRY,
)
TICKS = prometheus.Counter(
    "gridcase_ticks", "Rings of this process's scheduler.", ("outcome",), registry=REGISTRY
)
TICK_SECONDS = prometheus.Histogram(
    "gridcase_tick_seconds", "Time of one ring: sweep and relay, in seconds.", registry=REGISTRY
)
RUNGS = prometheus.Counter(
    "gridcase_rungs_fired", "Rungs fired by this process.", registry=REGISTRY
)
NOTICES = prometheus.Counter(
    "gridcase_notices", "Notices relayed by this process.", ("outcome",), registry=REGISTRY
)
MESSAGES = prometheus.Counter(
    "gridcase_messages",
    "Messages outside the app by this process; `failed`, as a run that broke off, are tried again.",
    ("outcome",),
    registry=REGISTRY,
)
DELIVERIES = prometheus.Gauge(
    "gridcase_deliveries",
    "Notices on their way outside the app, and given up, in the whole installation.",
    ("state",),
    registry=REGISTRY,
)
CASES = prometheus.Gauge(
    "gridcase_cases",
    "Open cases that cannot escalate, in the whole installation.",
    ("state",),
    registry=REGISTRY,
)
ALARMS = prometheus.Gauge(
    "gridcase_alarms",
    "Alarms of the auditor that stand, in the whole installation.",
    ("kind",),
    registry=REGISTRY,
)
SILENT_SECONDS = prometheus.Gauge(
    "gridcase_silent_seconds",
    "Since the last sign of life of any sweeping process, and of the auditor; +Inf without one.",
    ("of",),
    registry=REGISTRY,
)
FINDINGS = prometheus.Gauge(
    "gridcase_findings", "What the auditor found with its last look.", ("kind",), registry=REGISTRY
)
LOOKED = prometheus.Counter(
    "gridcase_audited_cases", "Cases that this process's auditor looked at.", registry=REGISTRY
)
for _counter, _outcomes in (
    (TICKS, ("done", "failed")),
    (NOTICES, ("sent", "dropped", "dead")),
    (MESSAGES, ("sent", "failed")),
):
    for _outcome in _outcomes:
        _counter.labels(_outcome)  # there from the start: a first failure is a rise from 0

# no I, L, O, U: a request number is read over the telephone
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger("api")


def configure_logging(form: Literal["json", "console"] = "json", level: str = "INFO") -> None:
    """Set up structlog: one line an event on standard error, as JSON or for a terminal."""
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def new_request_id() -> str:
    """A request's number: eight characters that can be said aloud, `7K2M-R4QX`."""
    # one draw: each is a system call, at which the event loop's thread would stand in line again
    bits = secrets.randbits(40)
    drawn = "".join(_ALPHABET[bits >> shift & 31] for shift in range(0, 40, 5))
    return f"{drawn[:4]}-{drawn[4:]}"


def request_id(scope: Scope) -> str:
    """The number of this request; drawn now where no middleware has."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = new_request_id()
    return str(state["request_id"])


def metrics() -> bytes:
    """All metrics in Prometheus' text form."""
    return prometheus.generate_latest(REGISTRY)


@contextmanager
def served(host: str, port: int) -> Iterator[int]:
    """The metrics of a process that has no pages, at a port, 0 for any. Raises: OSError."""
    server, thread = prometheus.start_http_server(port, addr=host, registry=REGISTRY)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def rang(ring: scheduler.Ring) -> None:
    """Counts one ring of the bell."""
    TICKS.labels("failed" if ring.failed else "done").inc()
    TICK_SECONDS.observe(ring.took_ms / 1000)
    RUNGS.inc(ring.sweep.fired)
    NOTICES.labels("sent").inc(ring.relay.sent)
    NOTICES.labels("dropped").inc(ring.relay.dropped)


def sent(report: outbox.SendReport) -> None:
    """Counts one run of the sender."""
    MESSAGES.labels("sent").inc(report.messages)
    MESSAGES.labels("failed").inc(report.failed)
    NOTICES.labels("dead").inc(report.dead)


def looked(signs: installation.Signs, queues: installation.Queues) -> None:
    """Shows how the whole installation stands, whichever process is asked."""
    for name, age_s in (("sweep", signs.beat_age_s), ("audit", signs.audit_age_s)):
        SILENT_SECONDS.labels(name).set(math.inf if age_s is None else age_s)
    for kind in auditor.KINDS:
        ALARMS.labels(kind).set(signs.alarms.get(kind, 0))
    CASES.labels("stuck").set(queues.stuck)
    DELIVERIES.labels("waiting").set(queues.waiting)
    DELIVERIES.labels("dead").set(queues.dead)


def looked_in_vain() -> None:
    """Shows none of it: what was true before would be taken for true."""
    for gauge in (SILENT_SECONDS, ALARMS, CASES, DELIVERIES):
        gauge.clear()


def audited(report: auditor.AuditReport) -> None:
    """Shows what the auditor found just now."""
    found = collections.Counter(one.kind for one in report.findings)
    for kind in auditor.KINDS:
        FINDINGS.labels(kind).set(found[kind])
    LOOKED.inc(report.looked)


class Requests:
    """ASGI middleware: numbers, times, counts and logs each request. Put it outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = request_id(scope)
        status = 0
        began = perf_counter()

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = number
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=number):
            try:
                await self.app(scope, receive, numbered)
            finally:
                _note(scope, status=status, took_s=perf_counter() - began)


def _note(scope: Scope, *, status: int, took_s: float) -> None:
    """Count and log one answer by its route's pattern: a path may hold a number or a code."""
    route = str(getattr(scope.get("route"), "path", "-"))
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(took_s)
    log.info(
        "request.done", method=method, route=route, status=status, took_ms=round(took_s * 1000)
    )
