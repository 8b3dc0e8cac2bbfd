import { hashOf, type NodeId, sha256 } from '@market-of-experts/core';
import {
  type CertifiedMember,
  certifiedLosses,
  compareFractions,
  drawByStake,
  drawStream,
  examLoss,
  feeOf,
  type MarketParameters,
  placeExcess,
  Standings,
  splitFee,
  winnerOf,
} from '@market-of-experts/protocol';
import type { ExamBatch } from './exam-batches.ts';
import type { Player } from './players.ts';

export interface RaceResult {
  /** What each player earned, market's cut taken off. */
  readonly earnedMicro: ReadonlyMap<string, bigint>;
  readonly feesMicro: bigint;
  /** Mean loss of the winners, a text each. */
  readonly winnersLoss: number;
}

export interface RaceInit {
  readonly batches: readonly ExamBatch[];
  readonly players: readonly Player[];
  readonly parameters: MarketParameters;
  readonly seed: string;
  /** Share of the fee that a friend asks for. */
  readonly askBps: number;
}

/** Price of exams, in micro-credits a kilobyte. */
const pricePerKilobyteMicro = 1_000_000n;

const nodeOf = (name: string): NodeId =>
  Buffer.from(sha256(new TextEncoder().encode(name))).toString('hex') as NodeId;

/**
 * Exams one after the other: a shard of one seat an owner is drawn for a batch, may call friends, and each text has a winner by the
 * protocol's own rule and standings, which grow from nothing. The place of a text is its kind.
 */
export function runRace({ batches, players, parameters, seed, askBps }: RaceInit): RaceResult {
  const byNode = new Map(players.map((player) => [nodeOf(player.name), player]));
  const candidates = players.map(({ name, owner, stake = 6 }) => ({
    node: nodeOf(name),
    owner,
    stakeMicro: BigInt(stake),
  }));
  const places = new Map<string, number>();
  const earnedMicro = new Map(players.map(({ name }) => [name, 0n]));
  let standings = Standings.empty;
  let feesMicro = 0n;
  let lossSum = 0;
  let texts = 0;
  for (const [number, { data }] of batches.entries()) {
    const kind = data[0]!.text.kind;
    const place = places.get(kind) ?? places.set(kind, places.size).size - 1;
    const stream = drawStream(hashOf('moe/bench-exam/1', [seed, number]), 'members');
    const seats = drawByStake(
      candidates,
      parameters.shardSize,
      10_000,
      stream,
      () => parameters.seatsPerOwner,
    );
    const expected = (node: NodeId) => placeExcess(standings.of(node, place), parameters);
    const workers = friendsOf(seats, byNode, (a, b) => compareFractions(expected(a), expected(b)));
    for (const datum of data) {
      const members = seats.flatMap((principal, seat): CertifiedMember[] => {
        const worker = workers[seat]!;
        const products = byNode.get(worker)!.products(datum);
        if (products === undefined) return [];
        const { numerator, denominator } = examLoss(products);
        const { global, place: here } = standings.of(worker, place);
        return [
          {
            principal,
            worker,
            workerBps: worker === principal ? 10_000 : askBps,
            onProbation: global.jobs < parameters.probationJobs && number > 20,
            outcome: 'scored',
            losses: [[Number(numerator), Number(denominator)]],
            standing: {
              global: [global.jobs, global.excessUnits],
              place: [here.jobs, here.excessUnits],
            },
            slashMicro: 0n,
            workerSlashMicro: 0n,
          },
        ];
      });
      const winner = winnerOf(members, 0, seats, parameters);
      standings = standings.with(certifiedLosses({ members, place, data: [{ winner }] }, 0));
      const won = members.find(({ principal }) => principal === winner);
      if (won === undefined) continue;
      const feeMicro = feeOf(Buffer.byteLength(datum.text.whole), pricePerKilobyteMicro, 0n);
      const split = splitFee(feeMicro, parameters.feeBps, won.workerBps);
      for (const [node, micro] of [
        [won.worker, split.workerMicro],
        [won.principal, split.principalMicro],
      ] as const) {
        const { name } = byNode.get(node)!;
        earnedMicro.set(name, earnedMicro.get(name)! + micro);
      }
      feesMicro += feeMicro - split.marketMicro;
      lossSum += won.losses[0]![0] / won.losses[0]![1];
      texts += 1;
    }
  }
  return { earnedMicro, feesMicro, winnersLoss: lossSum / texts };
}

/**
 * Who works for each seat. A member that is not expected to be the best of the shard calls the best free expert outside, if that one is
 * expected to beat them all; a ring's members call and take calls of their ring alone.
 */
function friendsOf(
  seats: readonly NodeId[],
  players: ReadonlyMap<NodeId, Player>,
  compare: (a: NodeId, b: NodeId) => number,
): NodeId[] {
  const leader = [...seats].sort(compare)[0]!;
  const taken = new Set(seats.map((node) => players.get(node)!.owner));
  return seats.map((seat) => {
    const { calls, ring, owner } = players.get(seat)!;
    if (calls === 'never' || (calls === undefined && seat === leader)) return seat;
    const friend = [...players]
      .filter(([node, other]) => !seats.includes(node) && (!taken.has(other.owner) || other.owner === owner))
      .filter(([, other]) => other.ring === ring && other.calls !== 'always')
      .map(([node]) => node)
      .sort(compare)[0];
    if (friend === undefined || (calls !== 'always' && compare(friend, leader) >= 0)) return seat;
    taken.add(players.get(friend)!.owner);
    return friend;
  });
}
