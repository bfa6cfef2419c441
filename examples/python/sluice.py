"""A small client for Sluice: one function for queries and mutations, one for subscriptions. Standard library only."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from typing import Any, Iterator

URL = os.environ.get("SLUICE_URL", "http://127.0.0.1:4000") + "/graphql"
MODEL = os.environ.get("SLUICE_MODEL", "sim-fast")

ANSWER_SECONDS = 180
# A stream says something at least every 12 seconds, be it nothing: longer silence means that the connection is lost.
SILENCE_SECONDS = 30


class Refused(Exception):
    """The whole operation was refused before anything ran: nothing was charged."""

    def __init__(self, error: dict[str, Any]):
        extensions = error.get("extensions", {})
        self.code: str = extensions.get("code", "UNKNOWN")
        self.retry_after_seconds: float = extensions.get("retryAfterMs", 0) / 1000
        # Where in the input, e.g. ["input", "items", "3", "prompt"].
        self.place: list[str] = extensions.get("path", [])
        super().__init__(f"{self.code}: {error['message']} {'.'.join(self.place)}".rstrip())

    @property
    def may_pass(self) -> bool:
        return self.code in ("OVERLOADED", "SHUTTING_DOWN", "RATE_LIMITED")


class ConnectionLost(Exception):
    """Nobody knows what became of the operation. With an idempotency key it is safe to send it again."""


def execute(document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Runs a query or a mutation and returns its data."""
    try:
        with _post(document, variables, "application/graphql-response+json", ANSWER_SECONDS) as response:
            answer = json.load(response)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ConnectionLost(str(error)) from error
    if answer.get("errors"):
        raise Refused(answer["errors"][0])
    return answer["data"]


def subscribe(document: str, variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the data of each event, over server-sent events, until the stream says that it is complete."""
    try:
        with _post(document, variables, "text/event-stream", SILENCE_SECONDS) as response:
            for name, text in _server_sent_events(response):
                if name == "complete":
                    return
                result = json.loads(text)
                if result.get("errors"):
                    raise Refused(result["errors"][0])
                yield result["data"]
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ConnectionLost(str(error)) from error
    raise ConnectionLost("the stream ended before it was complete")


def _post(document: str, variables: dict[str, Any], accept: str, timeout: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(
        URL,
        data=json.dumps({"query": document, "variables": variables}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['SLUICE_KEY']}",
            "Content-Type": "application/json",
            "Accept": accept,
        },
    )
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(json.load(error)["errors"][0]) from None


def _server_sent_events(response: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    name, data = "message", []
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif line == "":
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
