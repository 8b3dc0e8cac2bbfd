/** The browser of the tests that need one: headless Chromium from Debian, or the one that MOE_BROWSER names. */
import { existsSync } from 'node:fs';

const found = [
  process.env.MOE_BROWSER,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
const missing =
  'no Chromium was found: install the Debian package "chromium", or name a browser in MOE_BROWSER';
const isUnwanted = process.env.MOE_SKIP_BROWSER === '1';

/**
 * Options of a test or suite in a browser. Without one it is skipped, and the end of the run says why; in CI a missing browser is
 * a failure.
 */
export const inBrowser = {
  skip: isUnwanted || (found === undefined && process.env.CI !== 'true'),
  meta: { skippedBecause: isUnwanted ? 'MOE_SKIP_BROWSER is 1' : missing },
};

/** Path of the browser's program. @throws when there is none. */
export function browserPath(): string {
  if (found === undefined) throw new Error(missing);
  return found;
}
