import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'benchmarks/**/*.test.ts'],
    globalSetup: './scripts/test-state.ts',
    // A machine that does much else may need minutes for what takes a quick one a second; a test that hangs still ends.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    setupFiles: ['./scripts/patient-tests.ts'],
    expect: { poll: { timeout: 120_000 } },
    pool: 'forks',
    // Files share what is loaded: a third of the time went into loading the same modules anew for each of them.
    isolate: false,
    maxWorkers: 2,
    reporters: ['default', './scripts/summary-reporter.ts'],
  },
});
