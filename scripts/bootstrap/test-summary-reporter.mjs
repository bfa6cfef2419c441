// A jest reporter that leaves the counts of a run for scripts/test.mjs, which prints them as the very last line.
import { writeFileSync } from 'node:fs';

export default class TestSummaryReporter {
  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number,
   *   testResults: { testResults: { status: string, fullName: string }[] }[] }} results
   */
  onRunComplete(_contexts, results) {
    const file = process.env.SLUICE_TEST_SUMMARY;
    if (file === undefined) return;
    /** @type {import('./test-verdict.mjs').TestCounts} */
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests,
      skipped: results.testResults
        .flatMap((file) => file.testResults)
        .filter((test) => test.status === 'pending' || test.status === 'todo')
        .map((test) => test.fullName),
      brokenFiles: results.numRuntimeErrorTestSuites,
    };
    writeFileSync(file, JSON.stringify(counts));
  }
}
