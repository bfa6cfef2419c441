"""A subscription that survives lost connections: it goes on behind the cursor of the last event that was seen."""

from __future__ import annotations

import sys
import time
from typing import Any, Iterator

from sluice import ConnectionLost, Refused, subscribe

LOSSES_IN_A_ROW = 6


def follow(document: str, field: str, variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the events of `field`, each once. The document takes `$after`, its events have a `cursor`."""
    after, losses = None, 0
    while True:
        try:
            for data in subscribe(document, {**variables, "after": after}):
                event = data[field]
                after, losses = event["cursor"], 0
                yield event
            return
        except (ConnectionLost, Refused) as lost:
            losses += 1
            if losses == LOSSES_IN_A_ROW or (isinstance(lost, Refused) and not lost.may_pass):
                raise
            print(f"[{lost}; going on]", file=sys.stderr)
            time.sleep(getattr(lost, "retry_after_seconds", 0) or 2 ** (losses - 3))
