// A jest reporter that leaves the counts of a run for scripts/test.mjs, which prints them as the very last line.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default class TestSummaryReporter {
  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number,
   *   testResults: { testFilePath: string, testResults: { status: string, fullName: string }[] }[] }} results
   */
  onRunComplete(_contexts, results) {
    const file = process.env.SLUICE_TEST_SUMMARY;
    if (file === undefined) return;
    /** @type {import('./test-verdict.mjs').TestCounts} */
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests,
      skipped: results.testResults.flatMap(({ testFilePath, testResults }) => {
        const names = testResults.filter(isSkipped).map((test) => test.fullName);
        return names.length === 0 ? [] : [{ file: relative(process.cwd(), testFilePath), names }];
      }),
      brokenFiles: results.numRuntimeErrorTestSuites,
    };
    writeFileSync(file, JSON.stringify(counts));
  }
}

/** @param {{ status: string }} test */
const isSkipped = ({ status }) => status === 'pending' || status === 'todo';
