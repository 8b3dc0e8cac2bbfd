import type { ErrorCode } from './error-codes.ts';

const brand = Symbol.for('market-of-experts/error');

/**
 * The one error base of the project: a `code` to branch on, typed `metadata` to show, and whether trying
 * again may help. Messages are sentences for people: what was wrong, where, what to do.
 */
export class MoeError<
  Code extends ErrorCode = ErrorCode,
  Metadata extends Record<string, unknown> = Record<string, unknown>,
> extends Error {
  readonly [brand] = true;
  readonly code: Code;
  readonly metadata: Metadata;
  readonly isRetryable: boolean;
  /** Page under `docs/` that explains the error, if there is one. */
  readonly docs: string | undefined;

  constructor(
    code: Code,
    message: string,
    options: { metadata?: Metadata; isRetryable?: boolean; docs?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MoeError';
    this.code = code;
    this.metadata = options.metadata ?? ({} as Metadata);
    this.isRetryable = options.isRetryable ?? false;
    this.docs = options.docs;
  }

  /** An error of another copy of this package, as a project may have, is one, too. */
  static override [Symbol.hasInstance](value: unknown): value is MoeError {
    return value instanceof Error && brand in value;
  }

  /** Plain form that crosses worker threads and JSON. */
  toJSON(): { code: Code; message: string; metadata: Metadata; isRetryable: boolean; docs?: string } {
    return {
      code: this.code,
      message: this.message,
      metadata: this.metadata,
      isRetryable: this.isRetryable,
      ...(this.docs === undefined ? {} : { docs: this.docs }),
    };
  }
}

/** True for a {@link MoeError}, optionally one with the given code. */
export function isMoeError(error: unknown, code?: ErrorCode): error is MoeError {
  return error instanceof MoeError && (code === undefined || error.code === code);
}

/** The sentence of any thrown value, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
