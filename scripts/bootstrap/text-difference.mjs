// Shows where two texts part, enough to see what happened; not a full diff.

const shownLines = 20;

/**
 * @param {string} before
 * @param {string} after
 * @returns {string} lines gone (`-`) and come (`+`) between the common start and the common end
 */
export function describeDifference(before, after) {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const longestEnd = Math.min(old.length, now.length) - start;
  while (end < longestEnd && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  return [
    `@@ line ${start + 1} @@`,
    ...mark('-', old.slice(start, old.length - end)),
    ...mark('+', now.slice(start, now.length - end)),
  ].join('\n');
}

/** @param {string} sign @param {string[]} lines */
function mark(sign, lines) {
  const shown = lines.slice(0, shownLines).map((line) => `${sign} ${line}`);
  return lines.length > shownLines ? [...shown, `${sign} … ${lines.length - shownLines} more lines`] : shown;
}
