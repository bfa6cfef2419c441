#!/bin/sh
# What may be called, and what it costs.
. "$(dirname "$0")/call.sh"
call '{
  models { name capabilities contextWindow maxOutputTokens prices { inputUsdPerMillion outputUsdPerMillion version } }
}' '{}'
