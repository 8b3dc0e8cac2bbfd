import type { NodeId } from '@market-of-experts/core';
import {
  type CertificateBody,
  defaultRanking,
  type EpochResult,
  rankEpoch,
} from '@market-of-experts/protocol';
import { contraryTestimony } from '@market-of-experts/roles/validator/contrary-testimony';
import { type NodeWeights, weightsOf } from '@market-of-experts/roles/validator/work-record';
import { type Uniform, uniformFrom } from '../late/random.ts';
import { expertName, type FoldRule, outcomeOf, playJobs, type Witness, witnessOf } from './certified-jobs.ts';

/** A market of equal stakes, job by job, in which some validators lie about what they witnessed. */
export interface LyingGame {
  readonly fold: FoldRule;
  readonly experts: number;
  readonly seats: number;
  readonly validators: number;
  /** The last of the validators. */
  readonly liars: number;
  readonly witnesses: number;
  readonly jobsPerEpoch: number;
  readonly epochs: number;
  /** By how much each expert's mean loss is above the next better one's. */
  readonly spread: number;
  readonly seed: number;
  /**
   * A lone liar swaps good and bad; a ring praises its own experts, the last, and signs that they won wherever so many of a
   * job's witnesses are its own.
   */
  readonly lie: 'contrary' | { readonly ringExperts: number; readonly signsWith: number };
}

export interface LyingOutcome {
  /** Paid to each validator over all epochs in which all were ranked, in millionths of an epoch's emission. */
  readonly paid: readonly number[];
  /** Of the experts' incentive, that of the ring's; 0 without a ring. */
  readonly ringIncentive: number;
}

const meanLoss = 0.1;
const jobNoise = 0.08;
/** Losses that all experts share in a job: some texts are harder. */
const textNoise = 0.05;
/** Weight of history against one job's loss, as in the winner's rule. */
const historyWeight = 4;

/** The same game has the same outcome. */
export function playLying(game: LyingGame): LyingOutcome {
  const uniform = uniformFrom(0x11a5, game.seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const draw = (count: number, of: number): number[] => drawn(uniform, count, of);
  const validators = castOf(game);
  const history = Array.from({ length: game.experts }, () => ({ jobs: 0, loss: 0 }));
  const paid = new Array<number>(game.validators).fill(0);
  const inForce = new Array<{ epoch: number; row: NodeWeights }>(game.validators).fill({ epoch: 0, row: [] });
  let promised: readonly NodeWeights[] = [];
  let last: EpochResult | undefined;
  let ringIncentive = 0;
  let ranked = 0;
  let job = 0;

  const nextJob = (): CertificateBody => {
    const text = textNoise * normal();
    const members = draw(game.seats, game.experts).map((expert) => ({
      expert,
      loss: clamp(meanLoss + game.spread * expert + text + jobNoise * normal()),
    }));
    const expected = members.map(({ expert, loss }) => {
      const { jobs, loss: sum } = history[expert]!;
      return (historyWeight * (jobs === 0 ? 0.2 : sum / jobs) + loss) / (historyWeight + 1);
    });
    for (const { expert, loss } of members) {
      history[expert]!.jobs += 1;
      history[expert]!.loss += loss;
    }
    job += 1;
    return outcomeOf(job, members[expected.indexOf(Math.min(...expected))]!.expert, members);
  };

  for (let epoch = 1; epoch <= game.epochs; epoch += 1) {
    for (const { record } of validators) record.age();
    promised.forEach((row, index) => {
      if (row.length > 0) inForce[index] = { epoch: epoch - 1, row };
    });
    promised = validators.map(({ record }) => weightsOf(record.tallies()));
    playJobs(game, Array.from({ length: game.jobsPerEpoch }, nextJob), validators, epoch, draw);
    if (inForce.some(({ row }) => row.length === 0)) continue;
    last = rank(game, epoch, inForce, last);
    for (let index = 0; index < game.validators; index += 1)
      paid[index]! += last.emission[game.experts + index]!;
    ringIncentive += last.incentive
      .slice(game.experts - ringExperts(game), game.experts)
      .reduce((sum, share) => sum + share, 0);
    ranked += 1;
  }
  return { paid, ringIncentive: ranked === 0 ? 0 : ringIncentive / ranked };
}

function castOf(game: LyingGame): Witness[] {
  const nodeOf = (index: number): NodeId => `validator-${String(index).padStart(3, '0')}` as NodeId;
  const liars = new Set(
    Array.from({ length: game.liars }, (_, index) => nodeOf(game.validators - 1 - index)),
  );
  const truth = (body: CertificateBody): CertificateBody => body;
  return Array.from({ length: game.validators }, (_, index) => {
    const node = nodeOf(index);
    if (!liars.has(node)) return witnessOf(node, truth, truth);
    if (game.lie === 'contrary') return witnessOf(node, contraryTestimony, contraryTestimony);
    const { signsWith } = game.lie;
    const praise = praising(game);
    return witnessOf(
      node,
      (body, witnesses) =>
        witnesses.filter((each) => liars.has(each)).length >= signsWith ? praise(body) : body,
      praise,
    );
  });
}

/** The ring's experts lost nothing and the first of them has won; without one in the job it is told as it was. */
function praising(game: LyingGame): (body: CertificateBody) => CertificateBody {
  const own = new Set(
    Array.from({ length: ringExperts(game) }, (_, index) => expertName(game.experts - 1 - index)),
  );
  return (body) => {
    const favourite = body.members.find(({ worker }) => own.has(worker));
    if (favourite === undefined) return body;
    const members = body.members.map((member) => ({
      ...member,
      losses: [[own.has(member.worker) ? 0 : 500, 1_000] as const],
    }));
    return { ...body, members, data: body.data.map((datum) => ({ ...datum, winner: favourite.principal })) };
  };
}

function ringExperts({ lie }: LyingGame): number {
  return lie === 'contrary' ? 0 : lie.ringExperts;
}

/** As the ledger ranks a market that `moe up` founds. */
function rank(
  { experts, validators }: LyingGame,
  epoch: number,
  rows: readonly { readonly epoch: number; readonly row: NodeWeights }[],
  last: EpochResult | undefined,
): EpochResult {
  const { activityCutoffEpochs, ...ranking } = defaultRanking;
  const uidOf = new Map(Array.from({ length: experts }, (_, index) => [expertName(index), index] as const));
  const zeros = new Array<number>(experts).fill(0);
  return rankEpoch({
    block: epoch,
    stake: [...zeros, ...rows.map(() => 100)],
    validatorPermit: [...zeros.map(() => false), ...rows.map(() => true)],
    lastUpdate: [...zeros, ...rows.map((row) => row.epoch)],
    weights: Object.fromEntries(
      rows.map(({ row }, index) => [
        experts + index,
        row.map(([node, weight]) => [uidOf.get(node)!, weight] as const),
      ]),
    ),
    ...(last === undefined ? {} : { bonds: last.storedBondsMatrix }),
    params: {
      ...ranking,
      method: 'median',
      maxAllowedValidators: Math.max(1, validators),
      tempo: 1,
      activityCutoffBlocks: activityCutoffEpochs,
      lastMechanismStepBlock: epoch - 1,
      commitReveal: true,
      emission: 1_000_000,
    },
  });
}

function drawn(uniform: Uniform, count: number, of: number): number[] {
  const rest = Array.from({ length: of }, (_, index) => index);
  return Array.from(
    { length: Math.min(count, of) },
    () => rest.splice(Math.floor(uniform() * rest.length), 1).at(0)!,
  );
}

function clamp(loss: number): number {
  return Math.min(0.6, Math.max(0, loss));
}
