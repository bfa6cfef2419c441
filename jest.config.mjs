// The quick suite: every test except *.long.test.ts (those run through jest.long.config.mjs).
// Tests are ES modules, compiled file by file with swc; types are checked by `npm run check`, not here.

const swcOptions = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: false },
  },
};

/** @type {import('jest').Config} */
export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.long\\.test\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', swcOptions] },
  reporters: ['default', '<rootDir>/scripts/bootstrap/test-summary-reporter.mjs'],
  maxWorkers: 2,
  testTimeout: 90_000,
};
