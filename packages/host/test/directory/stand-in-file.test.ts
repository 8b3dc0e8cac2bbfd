import { join } from 'node:path';
import type { AccountId, NodeId } from '@market-of-experts/core';
import { writeSealedJson } from '@market-of-experts/core/files';
import { temporaryDirectory } from '@market-of-experts/ledger/compliance/temporary-directory';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readStandInFile, standInFile } from '../../src/directory/stand-in-file.ts';

const [gateway, other] = ['a', 'b'].map((digit) => digit.repeat(64) as NodeId);
const client = `0x${'1'.repeat(40)}` as AccountId;
const range = { client, fromSeq: 3, toSeq: 5, voids: [4] };

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

it('reads and writes what was proposed in the form that it always had: the last number, each gateway once', async () => {
  const path = join(directory.path, 'proposed.json');
  const warnings: string[] = [];
  const notes = standInFile(path, (message) => warnings.push(message));
  expect(await notes.last(gateway!)).toBeUndefined();
  writeSealedJson(path, { proposed: [{ batch: 7, gateway, ...range }] });
  expect(await notes.last(gateway!)).toEqual({ batch: 7, gateway, orders: [range] });
  await notes.save({ batch: 7, gateway: other!, orders: [range] });
  await notes.save({ batch: 7, gateway: gateway!, orders: [{ ...range, voids: [] }] });
  expect(readStandInFile(path)).toEqual([
    { batch: 7, gateway: other, ...range },
    { batch: 7, gateway, ...range, voids: [] },
  ]);
  await notes.save({ batch: 8, gateway: other!, orders: [range] });
  expect(readStandInFile(path)).toEqual([{ batch: 8, gateway: other, ...range }]);
  expect(warnings).toEqual([]);
});
