#!/bin/sh
# A batch that runs whether you listen or not, then its events as the items end. Usage: start-batch.sh KEY PROMPT...
. "$(dirname "$0")/call.sh"
: "${1:?a key}" "${2:?at least one prompt}"
key=$(json "$1")
shift
items=''
for prompt in "$@"; do
  items="$items${items:+,}{\"model\":\"${SLUICE_MODEL:-sim-fast}\",\"prompt\":\"$(json "$prompt")\"}"
done
started=$(call 'mutation ($input: BatchGenerateInput!) {
  startBatch(input: $input) { batchId status }
}' "{\"input\":{\"idempotencyKey\":\"$key\",\"items\":[$items]}}")
echo "$started"
batch=$(printf '%s' "$started" | sed -n 's/.*"batchId":"\([^"]*\)".*/\1/p')
[ -n "$batch" ] || exit 1
call 'subscription ($batchId: ID!) {
  batchEvents(batchId: $batchId) {
    sequence
    cursor
    completed
    total
    item { index result { __typename ... on GenerateSuccess { generation { text } } ... on UserError { message } } }
  }
}' "{\"batchId\":\"$batch\"}" text/event-stream
