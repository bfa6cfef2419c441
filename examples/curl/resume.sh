#!/bin/sh
# The same stream from behind the last cursor that was seen. Usage: resume.sh KEY CURSOR PROMPT
. "$(dirname "$0")/call.sh"
call 'subscription ($input: GenerateStreamInput!, $after: String) {
  generateStream(input: $input, after: $after) {
    __typename
    sequence
    cursor
    ... on TextDelta { text }
    ... on GenerationCompleted { usage { totalTokens costUsd } }
    ... on GenerationFailed { code message }
  }
}' "{\"after\":\"$(json "${2:?a cursor}")\",\"input\":{\"idempotencyKey\":\"$(json "${1:?a key}")\",\"request\":{\"model\":\"${SLUICE_MODEL:-sim-fast}\",\"prompt\":\"$(json "${3:?a prompt}")\"}}}" text/event-stream
