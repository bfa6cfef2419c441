# Shared by the scripts beside it: sends one operation. Usage: call DOCUMENT VARIABLES [ACCEPT]
: "${SLUICE_URL:=http://127.0.0.1:4000}"
: "${SLUICE_KEY:?set SLUICE_KEY to an API key, e.g. export SLUICE_KEY=\$(cat .sluice/admin-key)}"

# Text as the inside of a JSON string.
json() { printf '%s' "$1" | tr '\n' ' ' | sed 's/\\/\\\\/g; s/"/\\"/g'; }

call() {
  curl --silent --show-error --no-buffer "$SLUICE_URL/graphql" \
    -H "Authorization: Bearer $SLUICE_KEY" \
    -H 'Content-Type: application/json' \
    -H "Accept: ${3:-application/graphql-response+json}" \
    -d "{\"query\":\"$(json "$1")\",\"variables\":$2}"
  echo
}
