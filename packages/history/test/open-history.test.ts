import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exactIndexKind } from '../src/ann/exact-index.ts';
import type { History } from '../src/history.ts';
import type { HistoryInit } from '../src/history-settings.ts';
import { memoryHistory, openHistory } from '../src/open-history.ts';
import type { HistoryRecord } from '../src/records/record.ts';
import { rowsPerBlock } from '../src/records/row-store.ts';
import {
  sampleDimensions,
  sampleNode,
  sampleRecord,
  sampleUnitsPerJob,
  sampleVector,
  scatteredVector,
} from '../src/records/sample-records.ts';
import { SummaryFile } from '../src/records/summary-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moe-history-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const init: HistoryInit = { unitsPerJob: sampleUnitsPerJob, dimensions: sampleDimensions };
const onDisk = (more: Partial<HistoryInit> = {}): History => openHistory({ ...init, directory, ...more });
const jobsOf = (history: History): string[] => [...history.records()].map(({ order: job }) => job);
const fill = (history: History, count: number, from = 0): HistoryRecord[] => {
  const records = Array.from({ length: count }, (_, index) =>
    sampleRecord(from + index, { atMs: 1_000 * (from + index) }),
  );
  for (const record of records) history.append(record);
  return records;
};
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing thrown';
};

describe.each([
  { name: 'in memory', open: (more: Partial<HistoryInit> = {}) => memoryHistory({ ...init, ...more }) },
  { name: 'on the disk', open: onDisk },
])('a history $name', ({ open }) => {
  it('gives back what was appended, the nearest first', () => {
    const history = open();
    const records = fill(history, 100);
    expect(history.size).toBe(100);
    const [first, second] = history.nearest(scatteredVector(42), 2);
    expect(first!.record).toEqual(records[42]);
    expect(first!.similarity).toBeCloseTo(1, 2);
    expect(second!.similarity).toBeLessThan(first!.similarity);
    expect(history.recent(2)).toEqual([records[99], records[98]]);
    expect([...history.records()]).toEqual(records);
    expect(history.bytesPerRecord).toBeGreaterThan(sampleDimensions);
    history.close();
  });

  it('takes queries of any kind and length', () => {
    const history = open();
    fill(history, 50);
    const vector = scatteredVector(7);
    const [expected] = history.nearest(vector, 1);
    for (const query of [
      Int16Array.from(vector, (value) => value * 258),
      Float32Array.from(vector, (value) => value / 1e3),
    ]) {
      const [found] = history.nearest(query, 1);
      expect(found!.record.order).toBe(expected!.record.order);
      expect(found!.similarity).toBeCloseTo(expected!.similarity, 6);
    }
    for (const bad of [
      new Int8Array(sampleDimensions),
      new Int8Array(3),
      new Float32Array(sampleDimensions).fill(Number.NaN),
    ])
      expect(codeOf(() => history.nearest(bad, 1))).toBe('history-query-invalid');
    expect(history.nearest(vector, 0)).toEqual([]);
    history.close();
  });

  it('keeps a job once', () => {
    const history = open();
    expect(history.append(sampleRecord(1))).toBe(true);
    expect(history.append(sampleRecord(1, { losses: { x: 0 } }))).toBe(false);
    expect(history.size).toBe(1);
    expect(history.tallyOf(sampleNode('x')).jobs).toBe(0);
    history.close();
  });

  it('refuses nonsense and stays as it was', () => {
    const history = open();
    fill(history, 3);
    const good = sampleRecord('good');
    const [outcome, ...rest] = good.outcomes;
    const withOutcome = (change: object) => ({ ...good, outcomes: [{ ...outcome!, ...change }, ...rest] });
    const bad: object[] = [
      { ...good, order: 'abc' },
      { ...good, atMs: Number.NaN },
      { ...good, atMs: -1 },
      { ...good, place: 1.5 },
      { ...good, vector: new Int8Array(sampleDimensions) },
      { ...good, vector: good.vector.slice(1) },
      { ...good, vector: Array.from(good.vector) },
      { ...good, vector: new Int8Array(sampleDimensions).fill(127) },
      { ...good, feeMicro: -1n },
      { ...good, feeMicro: 5 },
      { ...good, winner: sampleNode('stranger') },
      { ...good, winner: null },
      { ...good, outcomes: [...good.outcomes, outcome] },
      { ...good, outcomes: Array(9).fill(outcome) },
      withOutcome({ lossUnits: sampleUnitsPerJob + 1 }),
      withOutcome({ lossUnits: 0.5 }),
      withOutcome({ excessUnits: Number.POSITIVE_INFINITY }),
      withOutcome({ latencyMs: -3 }),
      withOutcome({ worker: 'me' }),
      withOutcome({ won: false }),
    ];
    for (const record of bad)
      expect(
        codeOf(() => history.append(record as HistoryRecord)),
        JSON.stringify(Object.keys(record)),
      ).toBe('history-record-invalid');
    expect(history.size).toBe(3);
    expect(history.workers()).toHaveLength(3);
    history.close();
  });

  it('forgets by age, and does not take such records again', () => {
    const history = open();
    fill(history, 20);
    expect(history.forgetBefore(5_000)).toBe(5);
    expect(history.forgetBefore(4_000)).toBe(0);
    expect(history.size).toBe(15);
    expect(history.tallyOf(sampleNode('a')).jobs).toBe(15);
    expect(history.nearest(scatteredVector(2), 20).map(({ record }) => record.atMs)).not.toContain(2_000);
    expect(history.append(sampleRecord(2, { atMs: 2_000 }))).toBe(false);
    expect(history.append(sampleRecord(30, { atMs: 9_000 }))).toBe(true);
    history.close();
  });

  it('forgets what came first above its limit', () => {
    const history = open({ maxRecords: 10 });
    const records = fill(history, 25);
    expect(jobsOf(history)).toEqual(records.slice(15).map(({ order: job }) => job));
    expect(history.size).toBe(10);
    expect(history.tallyOf(sampleNode('a'))).toMatchObject({ jobs: 10, wins: 10, lossUnits: 10 * 96 });
    // Once forgotten, it can come again.
    expect(history.append(records[0]!)).toBe(true);
    expect(history.nearest(records[0]!.vector, 1)[0]!.record.order).toBe(records[0]!.order);
    history.close();
  });

  it('frees the files and the memory of what is forgotten', () => {
    const history = open({ maxRecords: 100, indexKind: exactIndexKind });
    const vector = sampleVector([1]);
    for (let job = 0; job < rowsPerBlock + 300; job += 1) history.append(sampleRecord(job, { vector }));
    expect(history.size).toBe(100);
    expect(history.recent(1_000)).toHaveLength(100);
    history.flush();
    const blocks = readdirSync(directory, { recursive: true }).filter((name) =>
      String(name).endsWith('.rows'),
    );
    expect(blocks.length).toBeLessThanOrEqual(1);
    history.close();
    if (blocks.length === 0) return;
    const again = onDisk({ maxRecords: 100, indexKind: exactIndexKind });
    expect(again.size).toBe(100);
    again.close();
  });

  it('refuses settings that make no sense', () => {
    for (const bad of [
      { maxRecords: 0 },
      { outcomesPerRecord: 33 },
      { dimensions: 1.5 },
      { candidates: Number.NaN },
    ])
      expect(codeOf(() => open(bad))).toBe('history-settings-invalid');
  });

  it('cannot be used once it is closed', () => {
    const history = open();
    history.close();
    history.close();
    expect(codeOf(() => history.append(sampleRecord(1)))).toBe('history-closed');
    expect(codeOf(() => history.nearest(scatteredVector(1), 1))).toBe('history-closed');
  });
});

describe('a history after a restart', () => {
  const everything = (history: History): unknown => ({
    records: [...history.records()],
    near: Array.from({ length: 10 }, (_, seed) =>
      history
        .nearest(scatteredVector(900 + seed), 5)
        .map(({ record, similarity }) => [record.order, similarity]),
    ),
    all: history.tallyOfAll(),
    workers: history.workers(),
  });

  it('is the same after a close, and needs no indexing', () => {
    const history = onDisk();
    fill(history, 300);
    history.forgetBefore(10_000);
    const before = everything(history);
    history.close();
    const indexed: number[] = [];
    const again = openHistory({ ...init, directory, onIndexing: (done) => indexed.push(done) });
    expect(everything(again)).toEqual(before);
    expect(indexed).toEqual([]);
    again.close();
  });

  it('has every record without any flush, and indexes what the saved index lacks', () => {
    const history = onDisk();
    fill(history, 100);
    history.flush();
    const records = fill(history, 50, 100);
    history.forgetBefore(20_000);
    // Not closed: as after a kill. The forgetting and the rows are there, the index is older.
    const indexed: number[] = [];
    const again = openHistory({ ...init, directory, onIndexing: (done) => indexed.push(done) });
    expect(again.size).toBe(130);
    expect(indexed).toHaveLength(50);
    for (const { order: job, vector } of records) expect(again.nearest(vector, 1)[0]!.record.order).toBe(job);
    expect(again.nearest(scatteredVector(3), 130).every(({ record }) => record.atMs >= 20_000)).toBe(true);
    again.close();
    history.close();
  });

  it('saves its index now and then, without waiting for the disk', async () => {
    const indexes = (): string[] => readdirSync(join(directory, 'index'));
    const indexedAtStart = (): number => {
      const indexed: number[] = [];
      const kind = { ...init, directory, indexKind: exactIndexKind };
      openHistory({ ...kind, onIndexing: (done) => indexed.push(done) }).close();
      return indexed.length;
    };
    const history = onDisk({ indexKind: exactIndexKind });
    fill(history, 4_096);
    expect(indexes().filter((name) => name.endsWith('.index'))).toEqual([]);
    await vi.waitFor(() => expect(indexes().some((name) => name.endsWith('.index'))).toBe(true));
    expect(indexes().some((name) => name.endsWith('.tmp'))).toBe(false);
    fill(history, 4_096, 4_096);
    // Closed before the disk has the second one.
    history.close();
    expect(indexedAtStart()).toBe(0);
    expect(indexes().filter((name) => /\.(index|tmp)$/.test(name))).toHaveLength(1);
  });

  it('loses no more than the unfinished record when the tail is torn, wherever', () => {
    const history = onDisk();
    fill(history, 6);
    history.close();
    const file = join(directory, 'records', readdirSync(join(directory, 'records'))[0]!);
    const whole = readFileSync(file);
    const rowBytes = whole.length / 6;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), (length) => {
        writeFileSync(file, whole.subarray(0, length));
        rmSync(join(directory, 'index'), { recursive: true, force: true });
        const torn = onDisk();
        expect(torn.size).toBe(Math.floor(length / rowBytes));
        expect(torn.append(sampleRecord(99, { atMs: 99_000 }))).toBe(true);
        torn.close();
        const again = onDisk();
        expect(again.size).toBe(Math.floor(length / rowBytes) + 1);
        again.close();
      }),
      { numRuns: 25 },
    );
  });

  it('cuts what a power cut left unreadable at the end, and half a node', () => {
    const history = onDisk();
    fill(history, 10);
    history.flush();
    fill(history, 5, 10);
    const file = join(directory, 'records', '00000000.rows');
    const bytes = readFileSync(file);
    const rowBytes = bytes.length / 15;
    bytes.fill(0, 12 * rowBytes, 13 * rowBytes);
    writeFileSync(file, bytes);
    appendFileSync(join(directory, 'nodes.bin'), Buffer.alloc(7));
    const again = onDisk();
    expect(again.size).toBe(12);
    expect(again.append(sampleRecord('new', { losses: { newcomer: 0.1 }, atMs: 50_000 }))).toBe(true);
    again.close();
    const once = onDisk();
    expect(once.recent(1)[0]!.winner).toBe(sampleNode('newcomer'));
    once.close();
  });

  it('makes a lost or damaged index again from the records', () => {
    const history = onDisk();
    const records = fill(history, 120);
    history.close();
    const index = readdirSync(join(directory, 'index')).find((name) => name.endsWith('.index'))!;
    truncateSync(join(directory, 'index', index), 1_000);
    const again = onDisk();
    expect(again.nearest(records[5]!.vector, 1)[0]!.record).toEqual(records[5]);
    again.close();
    rmSync(join(directory, 'index'), { recursive: true });
    const anew = onDisk();
    expect(anew.size).toBe(120);
    anew.close();
  });

  it('reads sums and jobs from its summary, and from the records when that is damaged', () => {
    const history = onDisk();
    fill(history, 40);
    const before = everything(history);
    history.close();
    const file = join(directory, 'summary.bin');
    const bytes = readFileSync(file);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= change;
        writeFileSync(file, damaged);
        const again = onDisk();
        expect(everything(again)).toEqual(before);
        expect(again.append(sampleRecord(39, { atMs: 39_000 }))).toBe(false);
        again.close();
      }),
      { numRuns: 25 },
    );
    writeFileSync(file, bytes);
    const summaries = new SummaryFile(directory);
    const summary = summaries.read()!;
    summaries.write({
      ...summary,
      tallies: summary.tallies.map((value, index) => value + (index === 1 ? 7 : 0)),
    });
    const misled = onDisk();
    expect(misled.tallyOfAll().jobs).toBe(3 * 40 + 7);
    misled.close();
    summaries.write({ ...summary, lastJobKey: summary.lastJobKey + 1 });
    const read = onDisk();
    expect(everything(read)).toEqual(before);
    read.close();
  });

  it('is what it would be in memory, whatever was saved when it was killed', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ append: fc.nat(60) }) },
      { weight: 1, arbitrary: fc.record({ forgetBefore: fc.nat(40) }) },
      { weight: 2, arbitrary: fc.constantFrom({ act: 'flush' }, { act: 'kill' }, { act: 'close' }) },
    );
    const limits = { ...init, indexKind: exactIndexKind, maxRecords: 12 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = memoryHistory(limits);
        let place = mkdtempSync(join(directory, 'run-'));
        let history = openHistory({ ...limits, directory: place });
        for (const one of steps) {
          if ('append' in one) {
            const record = sampleRecord(one.append, { atMs: 1_000 * ((one.append * 7) % 40) });
            expect(history.append(record)).toBe(model.append(record));
          } else if ('forgetBefore' in one) {
            const atMs = 1_000 * one.forgetBefore;
            expect(history.forgetBefore(atMs)).toBe(model.forgetBefore(atMs));
          } else if (one.act === 'flush') {
            history.flush();
          } else {
            if (one.act === 'close') history.close();
            const copy = mkdtempSync(join(directory, 'run-'));
            cpSync(place, copy, { recursive: true });
            history.close();
            place = copy;
            history = openHistory({ ...limits, directory: place });
          }
          expect(history.size).toBe(model.size);
        }
        const answers = (of: History): unknown => ({ ...(everything(of) as object), workers: undefined });
        expect(answers(history)).toEqual(answers(model));
        history.close();
      }),
      { numRuns: 40 },
    );
  });

  it('says what to do when the folder is of another market or damaged', () => {
    onDisk().close();
    expect(codeOf(() => onDisk({ dimensions: sampleDimensions + 1 }))).toBe('history-mismatch');
    expect(codeOf(() => onDisk({ outcomesPerRecord: 5 }))).toBe('history-mismatch');
    writeFileSync(join(directory, 'layout.json'), '{');
    expect(codeOf(() => onDisk())).toBe('history-corrupt');
  });

  it('survives being killed at any moment, with every record that it said it had', async () => {
    const program = fileURLToPath(new URL('./records/append-until-killed.ts', import.meta.url));
    let survived = 0;
    for (const lines of [1, 350, 900]) {
      const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      for await (const chunk of child.stdout) {
        said += chunk;
        if (said.split('\n').length > lines) break;
      }
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const acknowledged = Number(said.trimEnd().split('\n').slice(-2)[0]);
      const history = onDisk({ maxRecords: 20_000 });
      expect(history.size).toBeGreaterThanOrEqual(acknowledged);
      expect(history.size).toBeGreaterThan(survived);
      survived = history.size;
      for (const [job, record] of [...history.records()].entries())
        expect(record.winner).toBe(sampleNode(`worker ${job % 500}`));
      history.close();
    }
  });
});

describe('a history with the exact index', () => {
  it('answers the same whatever the order of appends', () => {
    const records = Array.from({ length: 40 }, (_, job) =>
      sampleRecord(job, { vector: scatteredVector(job % 13), atMs: 1_000 * (job % 7) }),
    );
    const answers = (order: readonly HistoryRecord[]): unknown => {
      const history = memoryHistory({ ...init, indexKind: exactIndexKind });
      for (const record of order) history.append(record);
      return [history.nearest(scatteredVector(99), 40), history.tallyOfAll()];
    };
    const expected = answers(records);
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: 40 }), (order) => {
        expect(answers(order)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
