import { type AccountId, type Hash, hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paidSeats, problemOfCall } from '../../src/draw/owner-caps.ts';
import { drawShard, type Roster } from '../../src/draw/shard.ts';
import { roster as fixture } from '../job/job-fixture.ts';

const seedOf = (index: number): Hash => hashOf('test/seed', index);
/** A roster in which the owner with number i has `counts[i]` nodes, every third of them on probation. */
function rosterOf(counts: readonly number[], seatsPerOwner: number): Roster {
  const experts = counts.flatMap((count, owner) =>
    Array.from({ length: count }, (_, index) => ({
      ...fixture.experts[0]!,
      node: hashOf('test/node', [owner, index]) as string as NodeId,
      owner: `owner-${owner}` as AccountId,
      onProbation: index % 3 === 2,
      stakeMicro: BigInt(1_000 * (index + 1)),
    })),
  );
  return { ...fixture, parameters: { ...fixture.parameters, seatsPerOwner, probationSeats: 2 }, experts };
}

it('an owner has its cap of the nodes that take part in a job, drawn or called, whatever it registers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 3, maxLength: 9 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(1_000),
      (counts, seatsPerOwner, seed) => {
        const roster = rosterOf(counts, seatsPerOwner);
        const draw = drawShard(roster, seedOf(seed));
        const seats = [...draw.members, ...draw.newcomers];
        const called = roster.experts
          .map(({ node }) => node)
          .filter((node) => problemOfCall(roster, draw, node) === undefined);
        const has = new Map<string, number>();
        for (const node of [...seats, ...called]) {
          const { owner } = roster.experts.find((expert) => expert.node === node)!;
          has.set(owner, (has.get(owner) ?? 0) + 1);
        }
        for (const count of has.values()) expect(count).toBeLessThanOrEqual(seatsPerOwner);
        expect(called.filter((node) => seats.includes(node))).toEqual([]);
        // The cap takes nothing from the job that others could fill.
        expect(draw.members).toHaveLength(Math.min(roster.parameters.shardSize, paidSeats(roster)));
        // Nor from an owner: whoever has seats left and experts past probation can be called for them.
        for (const owner of new Set(roster.experts.map((expert) => expert.owner as string))) {
          const open = roster.experts.filter(
            (expert) => expert.owner === owner && !expert.onProbation && !seats.includes(expert.node),
          );
          const seated = seats.filter(
            (node) => roster.experts.find((expert) => expert.node === node)!.owner === owner,
          ).length;
          expect(has.get(owner) ?? 0).toBe(Math.min(seatsPerOwner, seated + open.length));
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('ten nodes of one owner among ten others sit in one seat where they would meet in nearly every shard', () => {
  const roster = rosterOf([10, ...new Array<number>(10).fill(1)], 1);
  const meetings = (perOwner: number): number => {
    const capped = { ...roster, parameters: { ...roster.parameters, seatsPerOwner: perOwner } };
    const owned = new Set(roster.experts.filter(({ owner }) => owner === 'owner-0').map(({ node }) => node));
    return Array.from({ length: 500 }, (_, index) => drawShard(capped, seedOf(index)).members).filter(
      (members) => members.filter((node) => owned.has(node)).length > 1,
    ).length;
  };
  expect(meetings(1)).toBe(0);
  expect(meetings(16)).toBeGreaterThan(300);
});

it('fewer owners than seats fill what they may; too few make no shard', () => {
  expect(drawShard(rosterOf([5, 5, 5], 1), seedOf(0)).members).toHaveLength(3);
  expect(() => drawShard(rosterOf([20, 20], 1), seedOf(0))).toThrow(/of owners that may have 2 seat/);
  expect(drawShard(rosterOf([20, 20], 3), seedOf(0)).members).toHaveLength(5);
});
