import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMoeError, type JobId } from '@market-of-experts/core';
import { type Roster, rosterHash } from '@market-of-experts/protocol';
import { type CertifiedJob, type ClaimBook, claimBook } from '@market-of-experts/roles/validator/claim-book';
import { type SmallMarket, smallMarket } from '@market-of-experts/testing/small-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimFiles, readClaimFiles } from '../../src/directory/claim-files.ts';

let directory: string;
let market: SmallMarket;
let remembered: Roster[];
let warnings: string[];
/** What the ledger would settle next. */
let nextSeq: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moe-claims-'));
  market = smallMarket();
  remembered = [];
  warnings = [];
  nextSeq = 0;
});
afterEach(async () => {
  await market.close();
  rmSync(directory, { recursive: true });
});

const open = (): ClaimBook =>
  claimBook({
    clock: market.clock,
    store: claimFiles({
      directory,
      rosterOf: market.view.rosterOf,
      remember: (roster) => remembered.push(roster),
      onWarning: (message) => warnings.push(message),
    }),
    isOpen: ({ clientSeq }) => clientSeq >= nextSeq,
  });
const certified = async (topic: number): Promise<CertifiedJob> => {
  const { certificate, transcript } = await market.runJob({ text: textAbout(topic) });
  const { orders, roster, tickets } = transcript;
  return { opening: { orders, roster, tickets }, certificate };
};
const numbers = (book: ClaimBook): number[] =>
  book.all().map(({ certificate }) => certificate.body.data[0]!.clientSeq);

it('claims outlive their process, with what it takes to check them, until they are settled', async () => {
  const book = open();
  const claims = [await certified(1), await certified(2), await certified(3)];
  for (const claim of claims) await book.keep(claim);
  const { address } = market.client;
  // The first of a number stands.
  await book.keep({ ...claims[1]!, certificate: claims[0]!.certificate });
  expect(book.of(address, 1)).toMatchObject(claims[1]!);
  await market.clock.sleep(100_000);
  const again = open();
  expect(numbers(again).sort()).toEqual([0, 1, 2]);
  for (const claim of claims)
    expect(again.of(address, claim.certificate.body.data[0]!.clientSeq)).toMatchObject(claim);
  expect(again.all().map(({ heldSinceMs }) => heldSinceMs)).toEqual(Array(3).fill(market.clock.steadyMs()));
  expect(remembered.map(rosterHash)).toContain(market.rosterHash);
  again.settled(address, 2);
  expect(numbers(again)).toEqual([2]);
  expect(numbers(open())).toEqual([2]);
  // Settled while it was not there.
  nextSeq = 3;
  expect(numbers(open())).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
  expect(warnings).toEqual([]);
});

it('a damaged claim is named, and nothing is done without it', async () => {
  const book = open();
  await book.keep(await certified(1));
  const names = readdirSync(directory);
  expect(names.map((name) => name.split('.').at(-1)).sort()).toEqual(['claim', 'roster']);
  for (const name of names) {
    const path = join(directory, name);
    const whole = readFileSync(path);
    for (const damaged of [
      whole.subarray(0, whole.length - 1),
      whole.map((byte, at) => (at === whole.length - 9 ? byte ^ 1 : byte)),
    ]) {
      writeFileSync(path, damaged);
      for (const read of [open, () => readClaimFiles(directory)]) {
        const failed = (() => {
          try {
            return read();
          } catch (error) {
            return error;
          }
        })();
        expect(isMoeError(failed, 'file-damaged') && failed.message).toContain(path);
      }
    }
    writeFileSync(path, whole);
  }
  expect(numbers(open())).toEqual([0]);
});

it('keeps no more than it can, and says so', async () => {
  const book = claimBook({ clock: market.clock });
  const { opening, certificate } = await certified(1);
  const numbered = (clientSeq: number): CertifiedJob => ({
    opening: {
      ...opening,
      orders: opening.orders.map((order) => ({ ...order, body: { ...order.body, clientSeq } })),
    },
    certificate: { ...certificate, body: { ...certificate.body, job: `job ${clientSeq}` as JobId } },
  });
  for (let clientSeq = 0; clientSeq < 8_192; clientSeq += 1) await book.keep(numbered(clientSeq));
  await expect(book.keep(numbered(8_192))).rejects.toMatchObject({ code: 'overloaded' });
  await book.keep(numbered(5));
  book.settled(market.client.address, 1);
  await book.keep(numbered(8_192));
});
