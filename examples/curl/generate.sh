#!/bin/sh
# One call, one answer. Usage: generate.sh PROMPT
. "$(dirname "$0")/call.sh"
call 'mutation ($input: GenerateInput!) {
  generate(input: $input) {
    __typename
    ... on GenerateSuccess { generation { id text finishReason usage { inputTokens outputTokens costUsd } } }
    ... on UserError { message path }
  }
}' "{\"input\":{\"model\":\"${SLUICE_MODEL:-sim-fast}\",\"prompt\":\"$(json "${1:?a prompt}")\"}}"
