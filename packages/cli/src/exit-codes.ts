import { isMoeError, MoeError } from '@moe/core';

/** What the process returns (docs/run/cli.md). */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  partlyFailed: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What was typed cannot be carried out; the sentence says what to type. */
export function usageError(message: string): MoeError {
  return new MoeError('usage', message, { docs: 'run/cli.md' });
}

export function exitCodeOf(error: unknown): ExitCode {
  return isMoeError(error, 'usage') ? exitCodes.usage : exitCodes.error;
}
