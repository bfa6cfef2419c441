// Looks at JSON as bytes before it is parsed: what costs the parser is not how long a text is, but how many lists,
// objects and fields it makes. Linear, and nothing at all for a text too short to hold too much.

/** Of lists and objects in each other. */
export const maxJsonDepth = 10_000;
/** Lists, objects and fields together. */
export const maxJsonParts = 250_000;

/** A level takes two bytes, its opening and its end: a shorter text that is nested deeper is no JSON at all. */
const shortestBytes = 2 * maxJsonDepth;

const quote = 0x22;
const colon = 0x3a;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** True when parsing it would cost too much. What is no JSON may pass: the parser says so. In UTF-8 no other character holds these bytes. */
export function hasTooMuchStructure(json: Uint8Array): boolean {
  if (json.length <= shortestBytes) return false;
  let depth = 0;
  let parts = 0;
  let isText = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (isText) {
      if (byte === backslash) index++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === openList || byte === openObject) {
      if (++depth > maxJsonDepth || ++parts > maxJsonParts) return true;
    } else if (byte === closeList || byte === closeObject) depth--;
    else if (byte === colon && ++parts > maxJsonParts) return true;
  }
  return false;
}
