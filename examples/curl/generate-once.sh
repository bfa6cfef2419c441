#!/bin/sh
# The same key and prompt twice: the second answer is the first, `replayed`, for nothing. Usage: generate-once.sh KEY PROMPT
. "$(dirname "$0")/call.sh"
call 'mutation ($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on GenerateSuccess { replayed generation { id text usage { costUsd savedUsd } } }
    ... on IdempotencyError { code }
    ... on UserError { message path }
  }
}' "{\"input\":{\"model\":\"${SLUICE_MODEL:-sim-fast}\",\"prompt\":\"$(json "${2:?a prompt}")\",\"idempotencyKey\":\"$(json "${1:?a key}")\"}}"
