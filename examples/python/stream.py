"""An answer as it is written, whole even if the connection is lost on the way. Usage: stream.py KEY PROMPT"""

from __future__ import annotations

import sys

from follow import follow
from sluice import MODEL, Refused

STREAM = """
subscription ($input: GenerateStreamInput!, $after: String) {
  generateStream(input: $input, after: $after) {
    __typename
    cursor
    ... on TextDelta { text }
    ... on GenerationCompleted { finishReason usage { totalTokens costUsd } }
    ... on GenerationFailed { message }
    ... on GenerationBlocked { stage }
  }
}
"""

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    key, prompt = sys.argv[1:]
    call = {"idempotencyKey": key, "request": {"model": MODEL, "prompt": prompt}}
    try:
        for event in follow(STREAM, "generateStream", {"input": call}):
            kind = event["__typename"]
            if kind == "TextDelta":
                print(event["text"], end="", flush=True)
            elif kind == "GenerationCompleted":
                usage = event["usage"]
                print(f"\n{usage['totalTokens']} tokens, {usage['costUsd']} USD", file=sys.stderr)
            elif kind == "GenerationFailed":
                raise SystemExit(f"\n{kind}: {event['message']}")
            elif kind == "GenerationBlocked":
                raise SystemExit(f"\n{kind}: refused by {event['stage']}")
            elif kind == "GenerationCancelled":
                raise SystemExit(f"\n{kind}")
            # Other events (GenerationStarted, ReasoningDelta, ToolCallDelta, those to come) are of no interest here.
    except Refused as refused:
        raise SystemExit(str(refused)) from None
