// What a test run comes to: its last line and its exit code, and above that line the tests that did not run.

/** @typedef {{ passed: number, failed: number, skipped: readonly string[], brokenFiles: number }} TestCounts `skipped`: names */

const MAX_NAMES = 10;

/**
 * @param {number} exitCode of jest
 * @param {TestCounts | undefined} counts undefined: jest found no test or did not come to its end
 * @returns {{ line: string, exitCode: number }}
 */
export function judge(exitCode, counts) {
  if (counts === undefined) {
    return { line: `No test ran to its end (exit code ${exitCode}).\n0 passed, 0 failed`, exitCode: exitCode || 1 };
  }
  // A file that cannot be loaded hides any number of tests: at least one has failed.
  const failed = counts.failed + counts.brokenFiles;
  const ran = counts.passed + failed;
  const { skipped } = counts;
  const names = skipped.slice(0, MAX_NAMES).map((name) => `Skipped: ${name}\n`);
  if (skipped.length > MAX_NAMES) names.push(`Skipped: ${skipped.length - MAX_NAMES} more\n`);
  const count = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  const line = `${names.join('')}${counts.passed} passed, ${failed} failed${count}`;
  return { line, exitCode: exitCode || (failed > 0 || ran === 0 ? 1 : 0) };
}
