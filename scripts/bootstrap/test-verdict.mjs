// What a test run comes to: its last line and its exit code.

/** @typedef {{ passed: number, failed: number, skipped: number, brokenFiles: number }} TestCounts */

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
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const line = `${counts.passed} passed, ${failed} failed${skipped}`;
  return { line, exitCode: exitCode || (failed > 0 || ran === 0 ? 1 : 0) };
}
