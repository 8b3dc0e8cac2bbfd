import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeTable } from '../../src/records/node-table.ts';
import { RowLayout, rowBlock } from '../../src/records/row-layout.ts';
import { sampleDimensions, sampleRecord, scatteredVector } from '../../src/records/sample-records.ts';

const layout = new RowLayout({ dimensions: sampleDimensions, outcomesPerRecord: 8 });

const recordArbitrary = fc
  .record({
    job: fc.nat(),
    atMs: fc.double({ min: 0, max: 8e15, noNaN: true }),
    place: fc.nat(65_535),
    vector: fc.nat(1_000),
    feeMicro: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    losses: fc.dictionary(fc.stringMatching(/^[a-z]$/), fc.double({ min: 0, max: 1, noNaN: true }), {
      maxKeys: 8,
    }),
    latencyMs: fc.nat(3_600_000),
  })
  .map(({ job, vector, ...init }) => sampleRecord(job, { ...init, vector: scatteredVector(vector) }));

describe('RowLayout', () => {
  it('gives back what was put in, excesses to 1/256 of a unit', () => {
    fc.assert(
      fc.property(recordArbitrary, (record) => {
        const nodes = new NodeTable(undefined);
        const row = layout.encode(record, (node) => nodes.index(node));
        const bytes = new Uint8Array(2 * layout.rowBytes);
        bytes.set(row, layout.rowBytes);
        const block = rowBlock(bytes);
        const read = layout.decode(block, layout.rowBytes, (index) => nodes.id(index));
        const { outcomes, ...rest } = record;
        expect(read).toMatchObject(rest);
        expect(read.outcomes.map(({ excessUnits: _, ...outcome }) => outcome)).toEqual(
          outcomes.map(({ excessUnits: _, ...outcome }) => outcome),
        );
        for (const [index, { excessUnits }] of read.outcomes.entries())
          expect(Math.abs(excessUnits - outcomes[index]!.excessUnits)).toBeLessThanOrEqual(1 / 512);
        expect(layout.isSound(block, layout.rowBytes, nodes.size)).toBe(true);
        expect(layout.isJob(block, layout.rowBytes, Buffer.from(record.order, 'hex'))).toBe(true);
      }),
    );
  });

  it('notices any changed byte, and nodes that nobody knows', () => {
    const record = sampleRecord('damaged');
    const nodes = new NodeTable(undefined);
    const row = layout.encode(record, (node) => nodes.index(node));
    expect(layout.isSound(rowBlock(row), 0, 3)).toBe(true);
    expect(layout.isSound(rowBlock(row), 0, 2)).toBe(false);
    fc.assert(
      fc.property(fc.nat(row.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = row.slice();
        damaged[at]! ^= change;
        expect(layout.isSound(rowBlock(damaged), 0, 3)).toBe(false);
      }),
    );
  });

  it('holds a record of the market in 608 bytes', () => {
    expect(new RowLayout({ dimensions: 384, outcomesPerRecord: 8 }).rowBytes).toBe(608);
  });
});
