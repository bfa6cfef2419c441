// The big numbers: only *.long.test.ts, one after another so that they do not compete for the machine.
import quick from './jest.config.mjs';

/** @type {import('jest').Config} */
export default {
  ...quick,
  testMatch: ['<rootDir>/test/**/*.long.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 600_000,
};
