/** The table of errors in docs/reference/http-api.md, against what is answered. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpErrors } from '@market-of-experts/api/error-table';
import { errorKindOf, isRetryableStatus } from '@market-of-experts/api/errors';
import { type ErrorCode, MoeError } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { toHttpError } from '../src/http/http-error.ts';
import { asLedgerRefusal } from '../src/http/ledger-refusal.ts';

const codes = Object.keys(httpErrors) as ErrorCode[];
const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/http-api.md'), 'utf8');
const table = page.slice(page.indexOf('## Errors'), page.indexOf('## Limits'));
const rows = [...table.matchAll(/^\| (\d{3})(?:–(\d{3}))? \| ([^|]*) \|/gm)].map(
  ([, from, to = from, codes]) => ({
    from: Number(from),
    to: Number(to),
    codes: [...codes!.matchAll(/`(\w+)`(?: \((\d{3})\))?/g)].map(([, code, status]) => ({
      code: code!,
      status: status === undefined ? undefined : Number(status),
    })),
  }),
);
/** By the code in the body, the name of an error that is answered so. */
const nameOf = new Map(codes.map((code) => [errorKindOf(code).code, code]));

function answerTo(
  code: string,
  isOfLedger: boolean,
): { readonly status: number; readonly code: string | null } {
  const error = new MoeError(
    (!isOfLedger && nameOf.get(code)) || (code.replaceAll('_', '-') as ErrorCode),
    'Why.',
  );
  const { status, body } = toHttpError(isOfLedger ? asLedgerRefusal(error) : error);
  return { status, code: body.error.code };
}

describe('the page of the HTTP API', () => {
  it('names no error that is not answered, and gives each its status', () => {
    expect(rows.flatMap(({ codes }) => codes).length).toBeGreaterThan(30);
    for (const { from, to, codes } of rows)
      for (const { code, status } of codes) {
        const answer = answerTo(code, from !== to);
        expect(answer.code, code).toBe(code);
        if (from === to) expect(answer.status, code).toBe(from);
        else if (status !== undefined) expect(answer.status, code).toBe(status);
        expect(answer.status, code).toBeGreaterThanOrEqual(from);
        expect(answer.status, code).toBeLessThanOrEqual(to);
      }
  });

  it('names every error that is answered beyond 400', () => {
    const answered = codes.map((code) => errorKindOf(code));
    const told = new Set(rows.flatMap(({ codes }) => codes.map(({ code }) => code)));
    expect(answered.filter(({ code, status }) => status > 400 && status !== 499 && !told.has(code))).toEqual(
      [],
    );
  });

  it('is of the same mind as the table on what may be tried again', () => {
    for (const code of codes) {
      const { status, isRetryable } = errorKindOf(code);
      expect({ code, isRetryable }).toEqual({ code, isRetryable: isRetryableStatus(status) });
    }
  });

  it('is of the same mind as the port on which errors there are', () => {
    const port = readFileSync(join(import.meta.dirname, '../../api/src/market-service.ts'), 'utf8');
    const [, rejections] = /Rejections are `MoeError`s with the codes(.*?)\*\//s.exec(port)!;
    const promised = [...rejections!.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code! as ErrorCode);
    expect(promised.length).toBeGreaterThan(8);
    expect(promised.filter((code) => errorKindOf(code).status === 500)).toEqual([]);
  });
});

describe('the codes of errors', () => {
  it.each(codes)('%s is answered as the table says, and an unexpected one tells nothing', (code) => {
    const { status, body, isExpected, retryAfterSeconds } = toHttpError(new MoeError(code, 'Why.'));
    const kind = errorKindOf(code);
    expect({ status, code: body.error.code }).toEqual({ status: kind.status, code: kind.code });
    expect(isExpected).toBe(status !== 500);
    expect(body.error.message === 'Why.').toBe(isExpected);
    if (status === 503 || code === 'queue-full') expect(retryAfterSeconds).toBeGreaterThan(0);
  });

  it('are all said by some code', () => {
    const root = join(import.meta.dirname, '../..');
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => /^\w+\/src\/.*\.ts$/.test(path) && !/\/error-(codes|table)\.ts$/.test(path))
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .join('\n');
    expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });
});
