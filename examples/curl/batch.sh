#!/bin/sh
# Several prompts in one operation. Usage: batch.sh PROMPT...
. "$(dirname "$0")/call.sh"
: "${1:?at least one prompt}"
items=''
for prompt in "$@"; do
  items="$items${items:+,}{\"model\":\"${SLUICE_MODEL:-sim-fast}\",\"prompt\":\"$(json "$prompt")\"}"
done
call 'mutation ($input: BatchGenerateInput!) {
  batchGenerate(input: $input) {
    succeededCount
    failedCount
    items { index result { __typename ... on GenerateSuccess { generation { text } } ... on UserError { message } } }
    usage { totalTokens costUsd }
  }
}' "{\"input\":{\"items\":[$items]}}"
