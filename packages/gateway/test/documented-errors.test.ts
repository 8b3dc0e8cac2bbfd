/** The table of errors in docs/reference/http-api.md, against what is answered. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorKindOf, httpErrors, isRetryableStatus } from '@market-of-experts/api/errors';
import { MoeError } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { toHttpError } from '../src/http-error.ts';
import { asLedgerRefusal } from '../src/ledger-refusal.ts';

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
const nameOf = new Map(Object.keys(httpErrors).map((name) => [errorKindOf(name)!.code, name]));

function answerTo(
  code: string,
  isOfLedger: boolean,
): { readonly status: number; readonly code: string | null } {
  const error = new MoeError((!isOfLedger && nameOf.get(code)) || code.replaceAll('_', '-'), 'Why.');
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
    const answered = Object.keys(httpErrors).map((name) => errorKindOf(name)!);
    const told = new Set(rows.flatMap(({ codes }) => codes.map(({ code }) => code)));
    expect(answered.filter(({ code, status }) => status > 400 && status !== 499 && !told.has(code))).toEqual(
      [],
    );
  });

  it('is of the same mind as the table on what may be tried again', () => {
    for (const name of Object.keys(httpErrors)) {
      const { status, isRetryable } = errorKindOf(name)!;
      expect({ name, isRetryable }).toEqual({ name, isRetryable: isRetryableStatus(status) });
    }
  });

  it('is of the same mind as the code on which errors there are', () => {
    const folder = join(import.meta.dirname, '../src');
    const thrown = readdirSync(folder).flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/new MoeError\(\s*'([a-z-]+)'/g)].map(
        ([, code]) => code!,
      ),
    );
    const port = readFileSync(join(import.meta.dirname, '../../api/src/market-service.ts'), 'utf8');
    const [, rejections] = /Rejections are `MoeError`s with the codes(.*?)\*\//s.exec(port)!;
    const promised = [...rejections!.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code!);
    expect(thrown.length).toBeGreaterThan(15);
    expect(promised.length).toBeGreaterThan(8);
    // Refuses to start, and is never answered.
    const known = new Set([...Object.keys(httpErrors), 'unsafe-demo-key']);
    expect([...thrown, ...promised].filter((code) => !known.has(code))).toEqual([]);
  });
});
