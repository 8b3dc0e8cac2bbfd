import { encode, hashBytes, hashOf, type NodeId } from '@market-of-experts/core';
import { memoryReceipts, type ReceiptStore } from '@market-of-experts/ledger';
import {
  type CertificateBody,
  certificateHash,
  type Effects,
  int16Bytes,
  type Roster,
  readExamsList,
  readKeptExam,
  type SettlementBody,
  settlementDetailBytes,
  type Transcript,
  windowOf,
} from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { keepBatch } from '@market-of-experts/roles/receipts/kept-batch';
import { drawnAccount, drawnModel, drawnNode } from '@market-of-experts/testing/drawn-exams';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ExamBook, examBook } from '../../src/market/exam-book.ts';
import { market, network } from './market-ledger.ts';

const gateway = drawnNode('gateway');
const clients = [drawnAccount('client 1'), drawnAccount('client 2')] as const;
const vector = int16Bytes(Int16Array.of(3, 4));
const roster = {
  marketOwner: drawnAccount('owner'),
  parameters: { feeBps: 0, distractors: 12 },
  experts: [{ node: drawnNode('a'), owner: drawnAccount('owner of a') }],
} as unknown as Roster;

/** The certificate of an exam of two data that only `a` answered. */
function certified(number: number): CertificateBody {
  const member = { principal: drawnNode('a'), worker: drawnNode('a'), workerBps: 10_000, onProbation: false };
  return {
    network,
    market,
    job: hashOf('test/job', number),
    data: clients.map((client) => ({
      order: hashOf('test/order', [client, number]),
      client,
      clientSeq: number,
      vector: Uint8Array.of(1),
      vectorSalt: hashOf('test/salt', number),
      winner: drawnNode('a'),
      feeMicro: 10n,
    })),
    roster: hashOf('test/roster', 0),
    transcript: hashOf('test/transcript', number),
    batch: 0,
    place: 0,
    members: [
      {
        ...member,
        outcome: 'scored',
        losses: clients.map(() => [1, 2] as const),
        standing: { global: [0, 0], place: [0, 0] },
        slashMicro: 0n,
        workerSlashMicro: 0n,
      },
    ],
  } as unknown as CertificateBody;
}

const recordOf = (number: number, datum = 0): ReceiptRecord =>
  ({
    proof: {
      kind: 'certificate',
      certificate: { body: certified(number), signatures: [] },
      data: [datum],
      tickets: [],
      roster: hashOf('test/roster', 0),
    },
    transcript: {
      question: {
        first: ['1', '2'],
        second: ['3', '4'],
        assignment: [
          { first: 0, second: [0], wrong: [1] },
          { first: 1, second: [1], wrong: [0] },
        ],
      },
      reveals: [
        {
          principal: drawnNode('a'),
          worker: drawnNode('a'),
          first: [vector, vector],
          second: [vector, vector],
        },
      ],
    } as unknown as Transcript,
  }) as unknown as ReceiptRecord;

let receipts: ReceiptStore;
let settlements: SettlementBody[];
let warnings: string[];
let book: ExamBook;
beforeEach(() => {
  receipts = memoryReceipts();
  [settlements, warnings] = [[], []];
  book = openBook();
});
const openBook = (): ExamBook =>
  examBook({
    market,
    ledger: {
      market: () => ({ nextBatch: settlements.length }) as never,
      height: () => settlements.length,
      entries: async (from, limit) =>
        settlements
          .slice(from, from + limit)
          .map((settlement) => ({ transaction: { kind: 'settle', settlement } })) as never,
    },
    receipts,
    rosterOf: () => roster,
    modelOf: (node: NodeId) => (node === drawnNode('a') ? drawnModel('a') : undefined),
    onWarning: (message) => void warnings.push(message),
  });

/** Settles data of certificates, each named by number and place, and what has nothing to do with exams. */
async function settle(...data: readonly (readonly [number: number, datum: number])[]): Promise<void> {
  const effects = data.map(
    ([number, datum]): Effects => ({
      proof: certificateHash(certified(number)),
      client: clients[datum]!,
      clientSeq: number,
      deltas: [],
      slashes: [],
      losses: [
        {
          node: drawnNode('a'),
          principal: drawnNode('a'),
          place: 0,
          lossUnits: 1,
          excessUnits: 0,
          won: true,
        },
      ],
    }),
  );
  const tally: Effects = {
    proof: hashOf('test/tally', 0),
    client: clients[0],
    clientSeq: 99,
    deltas: [],
    slashes: [],
    losses: [],
  };
  const detail = settlementDetailBytes([...effects, tally]);
  const batch = settlements.length;
  const settlement: SettlementBody = {
    network,
    market,
    batch,
    gateway,
    by: gateway,
    orders: [],
    credits: [],
    earnings: [],
    slashes: [],
    poolMicro: 0n,
    certificates: effects.length + 1,
    root: hashBytes(detail),
  };
  settlements.push(settlement);
  await keepBatch(receipts, settlement, {
    batch,
    detail,
    settlement: encode({ settlement, signatures: [] }),
  });
}
const inWindow = async (toBatch = settlements.length, of = book) =>
  (await of.window(toBatch)).exams.map(({ batch, data, exam }) => [
    batch,
    [...data],
    exam.data[0]!.clientSeq,
  ]);

describe('the exams that a market keeps', () => {
  it('count once they are settled, datum by datum', async () => {
    for (const number of [1, 2]) await book.keep(recordOf(number));
    expect(await inWindow()).toEqual([]);
    await settle([1, 0]);
    await settle();
    await settle([1, 1], [2, 0], [2, 1]);
    expect((await inWindow()).toSorted()).toEqual(
      [
        [0, [0], 1],
        [2, [1], 1],
        [2, [0, 1], 2],
      ].toSorted(),
    );
    expect(await inWindow(2)).toEqual([[0, [0], 1]]);
    expect([await book.texts(0, 3), await book.texts(1, 3), await book.texts(0, 1)]).toEqual([4, 3, 1]);
    expect(warnings).toEqual([]);
  });

  it('are the same for the next process', async () => {
    for (const number of [1, 2]) await book.keep(recordOf(number));
    await settle([1, 0], [2, 0]);
    await settle([2, 1]);
    const { record } = await book.window(2);
    expect((await openBook().window(2)).record).toEqual(record);
    expect(record).toMatchObject({ fromBatch: 0, toBatch: 2, texts: 3 });
  });

  it('are kept once, with the first of their orders; others are left alone', async () => {
    await book.keep(recordOf(1, 1));
    await settle([1, 0]);
    expect(await inWindow()).toEqual([]);
    const { transcript, ...stored } = recordOf(1);
    await book.keep(stored);
    await book.keep({ proof: { kind: 'void' } } as never);
    expect(await inWindow()).toEqual([]);
    // What an earlier process stored has its transcript apart.
    await book.keep({ ...stored, transcript: transcript! });
    expect(await inWindow()).toEqual([[0, [0], 1]]);
  });

  it('can be asked for by their hashes, and so checked by anybody', async () => {
    await book.keep(recordOf(1));
    await settle([1, 0], [1, 1]);
    const window = await book.window(1);
    expect(await book.blob(window.record.root)).toBeUndefined();
    await book.publish(window);
    const list = (await book.blob(window.record.root))!;
    expect(hashBytes(list)).toBe(window.record.root);
    const exams = await Promise.all(
      readExamsList(list).map(async ({ hash, ...listed }) => {
        const bytes = (await book.blob(hash))!;
        expect(hashBytes(bytes)).toBe(hash);
        return { ...listed, exam: readKeptExam(bytes) };
      }),
    );
    expect(windowOf(exams, 1)).toEqual(window);
  });

  it('are left out, and that is said, where the disk does not take them', async () => {
    receipts.put = async () => {
      throw new Error('the disk is full');
    };
    await book.keep(recordOf(1));
    expect(warnings).toEqual([expect.stringContaining('the disk is full')]);
    await book.close();
  });
});
