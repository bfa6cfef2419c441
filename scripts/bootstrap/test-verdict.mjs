// What a test run comes to: its last line and its exit code, and above that line the tests that did not run.

/**
 * @typedef {{ file: string, names: readonly string[] }} SkippedTests
 * @typedef {{ passed: number, failed: number, skipped: readonly SkippedTests[], brokenFiles: number }} TestCounts
 */

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
  const notes = counts.skipped.map(({ file, names }) => `Skipped in ${file}: ${names.length}, such as "${names[0]}"\n`);
  const skipped = counts.skipped.reduce((sum, { names }) => sum + names.length, 0);
  const line = `${notes.join('')}${counts.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { line, exitCode: exitCode || (failed > 0 || ran === 0 ? 1 : 0) };
}
