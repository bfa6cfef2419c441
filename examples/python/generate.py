"""One call, one answer, and what to do for each way it can go wrong. Usage: generate.py PROMPT [KEY]"""

from __future__ import annotations

import sys
import time
import uuid
from typing import Any

from sluice import MODEL, ConnectionLost, Refused, execute

GENERATE = """
mutation ($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on GenerateSuccess { replayed generation { text finishReason usage { totalTokens costUsd } } }
    ... on UserError { message path }
    ... on ModelUnavailableError { retryAfterMs }
    ... on GenerationFailedError { retryable retryAfterMs }
  }
}
"""
ATTEMPTS = 5


def generate(prompt: str, key: str) -> dict[str, Any]:
    """The answer as a GenerateSuccess. Sent again with the same key the call is paid for once, whatever was lost."""
    call = {"model": MODEL, "prompt": prompt, "idempotencyKey": key}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            result = execute(GENERATE, {"input": call})["generate"]
        except ConnectionLost as lost:
            problem, wait_ms = str(lost), None
        except Refused as refused:
            if not refused.may_pass:
                raise
            problem, wait_ms = str(refused), refused.retry_after_seconds * 1000
        else:
            kind = result["__typename"]
            if kind == "GenerateSuccess":
                return result
            if kind == "ModelUnavailableError" or (kind == "GenerationFailedError" and result["retryable"]):
                problem, wait_ms = result["message"], result["retryAfterMs"]
            else:
                # InvalidInputError, ContentBlockedError, OutputInvalidError, IdempotencyError: again would not help.
                place = ".".join(result["path"] or [])
                raise SystemExit(f"{kind}: {result['message']} {place}".rstrip())
        if attempt < ATTEMPTS:
            time.sleep(wait_ms / 1000 if wait_ms else 2 ** (attempt - 2))
    raise SystemExit(f"gave up after {ATTEMPTS} attempts: {problem}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    success = generate(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else str(uuid.uuid4()))
    generation = success["generation"]
    print(generation["text"])
    usage = generation["usage"]
    told = "told again" if success["replayed"] else "answered"
    print(f"{told}: {usage['totalTokens']} tokens, {usage['costUsd']} USD", file=sys.stderr)
