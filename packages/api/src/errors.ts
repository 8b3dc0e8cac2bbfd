import type { ErrorCode } from '@market-of-experts/core/error-codes';
import { z } from 'zod';
import { type ErrorKind, httpErrors, ledgerErrors } from './error-table.ts';
import type { Told } from './wire.ts';

type HttpErrors = typeof httpErrors;
type Underscored<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}_${Underscored<Tail>}`
  : Text;
type CodeInBody<Name extends keyof HttpErrors> = HttpErrors[Name] extends { readonly code: infer Code }
  ? Code
  : Underscored<Name>;

/** Every `code` that an error of a market's HTTP API has today; a newer market may have more. */
export type HttpErrorCode =
  | { [Name in keyof HttpErrors]: CodeInBody<Name> }[keyof HttpErrors]
  | Underscored<keyof typeof ledgerErrors>;

/** Whether an answer of this status may be another one later: what a client should try again. */
export function isRetryableStatus(status: number): boolean {
  return (
    status >= 500 || Object.values(httpErrors).some((kind) => kind.status === status && kind.isRetryable)
  );
}

/** An error as it is answered. */
export type AnsweredError = ErrorKind & { readonly code: string };

/** How an error of this code is answered. */
export function errorKindOf(code: ErrorCode): AnsweredError {
  // Beside another version of this package there may be codes of which it does not know.
  const kind: ErrorKind = Object.hasOwn(httpErrors, code) ? httpErrors[code] : httpErrors['internal-error'];
  return { ...kind, code: kind.code ?? underscored(code) };
}

/** How it is answered that the ledger refuses something with this code; undefined for codes that are not the ledger's. */
export function refusalKindOf(code: string): AnsweredError | undefined {
  if (!Object.hasOwn(ledgerErrors, code)) return undefined;
  return {
    type: 'invalid_request_error',
    isRetryable: false,
    status: ledgerErrors[code as keyof typeof ledgerErrors],
    code: underscored(code),
  };
}

function underscored(name: string): string {
  return name.replaceAll('-', '_');
}

/** An error as OpenAI's API writes it: the official clients read exactly these four fields. */
export const errorSchema = z.object({
  error: z.object({
    message: z.string().describe('A sentence for people: what was wrong, where, what to do.'),
    type: z.string(),
    param: z.string().nullable().describe('Parameter or field that is wrong, e.g. `input[1]`.'),
    code: z.string().nullable().describe('To branch on.'),
  }),
});
export type ErrorBody = Told<typeof errorSchema>;
