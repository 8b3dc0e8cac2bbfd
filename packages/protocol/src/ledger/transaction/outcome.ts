import type { RefusalCode } from '@market-of-experts/core';

export interface Applied {
  readonly applied: true;
}
export interface Refused {
  readonly applied: false;
  readonly code: RefusalCode;
  /** A sentence for the person who sent it. */
  readonly message: string;
}

export const APPLIED: Applied = { applied: true };

export function refused(code: RefusalCode, message: string): Refused {
  return { applied: false, code, message };
}
