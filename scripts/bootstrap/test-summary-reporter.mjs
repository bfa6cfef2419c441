// A jest reporter that leaves the counts of a run for scripts/test.mjs, which prints them as the very last line.
import { writeFileSync } from 'node:fs';

export default class TestSummaryReporter {
  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
   *   numRuntimeErrorTestSuites: number }} results
   */
  onRunComplete(_contexts, results) {
    const file = process.env.SLUICE_TEST_SUMMARY;
    if (file === undefined) return;
    /** @type {import('./test-verdict.mjs').TestCounts} */
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests,
      skipped: results.numPendingTests + results.numTodoTests,
      brokenFiles: results.numRuntimeErrorTestSuites,
    };
    writeFileSync(file, JSON.stringify(counts));
  }
}
