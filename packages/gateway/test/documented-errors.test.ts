/** The table of errors in docs/reference/http-api.md, against what is answered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
/** Our own codes that are answered under names that OpenAI's clients know. */
const ownCodes: Readonly<Record<string, string>> = {
  invalid_api_key: 'unknown-key',
  insufficient_quota: 'insufficient-funds',
  model_not_found: 'unknown-market',
  rate_limit_exceeded: 'queue-full',
};

function answerTo(
  code: string,
  isOfLedger: boolean,
): { readonly status: number; readonly code: string | null } {
  const error = new MoeError((!isOfLedger && ownCodes[code]) || code.replaceAll('_', '-'), 'Why.');
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
    const source = readFileSync(join(import.meta.dirname, '../src/http-error.ts'), 'utf8');
    const answered = [...source.matchAll(/^ {2}'?([a-z-]+)'?: \{ status: (\d{3})(.*)$/gm)].map(
      ([, code, status, rest]) => ({
        code: /code: '(\w+)'/.exec(rest!)?.[1] ?? code!.replaceAll('-', '_'),
        status: Number(status),
      }),
    );
    expect(answered.length).toBeGreaterThan(25);
    const told = new Set(rows.flatMap(({ codes }) => codes.map(({ code }) => code)));
    expect(answered.filter(({ code, status }) => status > 400 && status !== 499 && !told.has(code))).toEqual(
      [],
    );
  });
});
