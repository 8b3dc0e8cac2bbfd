import type { Reporter, TestModule } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** What a skipped test lacked, as a part of a sentence. */
    skippedBecause?: string;
  }
}

/** Ends the output of a test run with one plain line, `N passed, N failed`, after a line for each reason that tests were skipped for. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const skippedFor = new Map<string, { tests: number; files: Set<string> }>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') counts[state] += 1;
        const reason = test.meta().skippedBecause;
        if (state !== 'skipped' || reason === undefined) continue;
        const { tests, files } = skippedFor.get(reason) ?? { tests: 0, files: new Set() };
        skippedFor.set(reason, { tests: tests + 1, files: files.add(module.relativeModuleId) });
      }
      // A file that could not be run has failed even if it has no test to say so.
      if (module.state() === 'failed' && module.errors().length > 0) counts.failed += 1;
    }
    counts.failed += unhandledErrors.length;
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    process.on('exit', () => {
      for (const [reason, { tests, files }] of skippedFor)
        console.log(`SKIPPED ${tests} in ${[...files].join(', ')}: ${reason}.`);
      console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
    });
  }
}
