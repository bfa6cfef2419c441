"""Several prompts at once, each answer as it comes. The same key and prompts again: the same batch, for nothing.
Usage: batch.py KEY PROMPT..."""

from __future__ import annotations

import sys

from follow import follow
from sluice import MODEL, Refused, execute

START = "mutation ($input: BatchGenerateInput!) { startBatch(input: $input) { batchId } }"

EVENTS = """
subscription ($batchId: ID!, $after: String) {
  batchEvents(batchId: $batchId, after: $after) {
    cursor
    completed
    total
    item { index result { __typename ... on GenerateSuccess { generation { text } } ... on UserError { message } } }
  }
}
"""

SUM = "query ($id: ID!) { batch(id: $id) { status succeededCount failedCount usage { totalTokens costUsd } } }"

if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    key, prompts = sys.argv[1], sys.argv[2:]
    items = [{"model": MODEL, "prompt": prompt} for prompt in prompts]
    try:
        batch_id = execute(START, {"input": {"idempotencyKey": key, "items": items}})["startBatch"]["batchId"]
        for event in follow(EVENTS, "batchEvents", {"batchId": batch_id}):
            item = event["item"]
            if item is None:  # The first event: nothing has ended yet.
                continue
            result = item["result"]
            failed = result["__typename"] != "GenerateSuccess"
            answer = f"{result['__typename']}: {result['message']}" if failed else result["generation"]["text"]
            print(f"[{event['completed']}/{event['total']}] {prompts[item['index']]}: {answer}", flush=True)
        batch = execute(SUM, {"id": batch_id})["batch"]
    except Refused as refused:
        # An item that is not valid refuses the whole batch, and the error says which.
        raise SystemExit(str(refused)) from None
    usage = batch["usage"]
    print(
        f"{batch['status']}: {batch['succeededCount']} of {len(prompts)}, "
        f"{usage['totalTokens']} tokens, {usage['costUsd']} USD",
        file=sys.stderr,
    )
    sys.exit(1 if batch["failedCount"] else 0)
