"""From a queued notice to its receiver: in the app by `relaying`, outside it by `sending`."""

from __future__ import annotations

from workflow.outbox.relaying import RelayReport, deliver, relay, run
from workflow.outbox.sending import SendReport, send

__all__ = ["RelayReport", "SendReport", "deliver", "relay", "run", "send"]
