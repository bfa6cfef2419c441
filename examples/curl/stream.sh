#!/bin/sh
# A streamed answer over server-sent events. Usage: stream.sh KEY PROMPT
. "$(dirname "$0")/call.sh"
call 'subscription ($input: GenerateStreamInput!) {
  generateStream(input: $input) {
    __typename
    sequence
    cursor
    ... on TextDelta { text }
    ... on GenerationCompleted { usage { totalTokens costUsd } }
    ... on GenerationFailed { code message }
  }
}' "{\"input\":{\"idempotencyKey\":\"$(json "${1:?a key}")\",\"request\":{\"model\":\"${SLUICE_MODEL:-sim-fast}\",\"prompt\":\"$(json "${2:?a prompt}")\"}}}" text/event-stream
