import { messageOf, plainText } from '@market-of-experts/core';
import { run } from './program.ts';
import { exitCodes } from './terminal/exit-codes.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` may close our output early, or its terminal may be gone: that is no error.
  if (error.code !== 'EPIPE' && error.code !== 'EIO')
    fail(`Standard output cannot be written: ${error.message}`);
});
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => fail(messageOf(error)));

process.exitCode = await run(process.argv.slice(2));

function fail(message: string): never {
  process.stderr.write(`error: ${plainText(message)}\n`);
  process.exit(exitCodes.error);
}
