import type { SimulatedExpert } from '../population/expert.ts';
import { meanLoss } from '../population/skill.ts';
import type { Accounts } from '../state/accounts.ts';
import { type DecidedJob, hasCommitted, hasDeclined } from '../state/decided-job.ts';
import type { MarketState } from '../state/market-state.ts';
import { GroupCounts } from './group-counts.ts';
import type { RunResult, WindowResult } from './result.ts';
import { gini, hhi, Mean, rounded, spearman } from './statistics.ts';

const windows = 80;
const microPerCredit = 1_000_000;

/** Looks on: what is measured of a run. Nothing here acts on it, except what certificates show anyway. */
export class Measurements {
  readonly counts: GroupCounts;
  readonly #market: MarketState;
  readonly #accounts: Accounts;
  readonly #windowJobs: number;
  readonly #groups: readonly string[];
  readonly #single: Float64Array;
  readonly #all = newMeans();
  readonly #windows: WindowResult[] = [];
  #window = newMeans();
  #earnedMicro: number[];
  #jobs = 0;
  #refunded = 0;
  #refusals = 0;
  #atMs = 0;

  constructor(market: MarketState, accounts: Accounts) {
    this.#market = market;
    this.#accounts = accounts;
    this.#groups = Object.keys(market.scenario.experts);
    this.#windowJobs = Math.max(1, Math.floor(market.scenario.jobs / windows));
    this.#single = new Float64Array(market.experts.length);
    this.#earnedMicro = this.#groups.map(() => 0);
    this.counts = new GroupCounts(this.#groups.length);
  }

  take(decided: DecidedJob): void {
    const { datum, sealed, members, winner, split } = decided;
    const { experts } = this.#market;
    this.#jobs += 1;
    this.#atMs = datum.atMs;
    this.#refusals += sealed.refusals;
    this.counts.take(decided);
    let oracle = Number.POSITIVE_INFINITY;
    for (const expert of experts) {
      const loss = meanLoss(expert.skill, datum.point);
      this.#single[expert.index]! += loss;
      if (loss < oracle && expert.joinsAtJob <= datum.job) oracle = loss;
    }
    const lossOf = (expert: SimulatedExpert): number => meanLoss(expert.skill, datum.point);
    const { edition } = this.#market;
    const delivered =
      edition.length === 0
        ? undefined
        : edition.reduce((sum, part) => sum + lossOf(part), 0) / edition.length;
    for (const means of [this.#all, this.#window]) {
      means.oracle.add(oracle);
      if (delivered !== undefined) means.delivered.add(delivered);
      for (const seat of sealed.seats)
        if (!seat.onProbation) {
          means.random.add(lossOf(seat.principal));
          means.late.add(hasDeclined(sealed, seat) || hasCommitted(sealed, seat) ? 0 : 1);
        }
      if (winner === undefined) continue;
      means.winner.add(lossOf(winner.worker!));
      means.called.add(winner.worker === winner.principal ? 0 : 1);
      const measured = members[sealed.seats.indexOf(winner)]!.losses[0]!;
      means.measured.add(measured[0] / measured[1]);
    }
    if (winner === undefined) this.#refunded += 1;
    else {
      const worker = winner.worker!;
      this.#earnedMicro[worker.group]! += Number(split!.workerMicro);
      this.#earnedMicro[winner.principal.group]! += Number(split!.principalMicro);
    }
    if (this.#jobs % this.#windowJobs === 0) this.#closeWindow();
  }

  #closeWindow(): void {
    const { experts } = this.#market;
    const { demand, competition } = this.#market.record.closeWindow();
    const asks = new Mean();
    for (const { settings, askBps } of experts) if (settings.pricer === 'auto') asks.add(askBps);
    const { winner, delivered, oracle, random, called, late } = this.#window;
    this.#windows.push({
      job: this.#jobs,
      winner: winner.value,
      delivered: delivered.value,
      oracle: oracle.value,
      random: random.value,
      called: called.value,
      late: late.value,
      demandCompetition: rounded(spearman(demand, competition)),
      askBps: asks.value,
      earnedCredits: this.#earnedMicro.map((micro) => micro / microPerCredit),
    });
    this.#window = newMeans();
    this.#earnedMicro = this.#groups.map(() => 0);
  }

  result(): RunResult {
    const { experts, scenario } = this.#market;
    const { winner, delivered, oracle, random, called, measured } = this.#all;
    const earned = experts.map((expert) => this.#accounts.earnedMicro(expert));
    // Who came later could not have done all the jobs.
    const fromStart = experts.filter(({ joinsAtJob }) => joinsAtJob === 0);
    const least = Math.min(...fromStart.map(({ index }) => this.#single[index]!));
    const bestSingle = this.#jobs === 0 ? null : rounded(least / this.#jobs);
    const reach =
      bestSingle === null || oracle.value === null || winner.value === null || bestSingle <= oracle.value
        ? null
        : rounded((bestSingle - winner.value) / (bestSingle - oracle.value));
    return {
      jobs: this.#jobs,
      isComplete: this.#jobs === scenario.jobs,
      refunded: this.#refunded,
      quality: {
        winner: winner.value,
        delivered: delivered.value,
        oracle: oracle.value,
        random: random.value,
        winnerMeasured: measured.value,
        bestSingle,
        headroomShare: reach,
      },
      called: called.value,
      claimsRefused: this.#refusals,
      gini: rounded(gini(earned)),
      hhi: rounded(hhi(earned)),
      clientsPaid: this.#accounts.clientsPaidMicro / microPerCredit,
      marketEarned: this.#accounts.marketMicro / microPerCredit,
      slashed: this.#accounts.poolMicro / microPerCredit,
      virtualHours: rounded(this.#atMs / 3_600_000),
      groups: this.#groups.map((name, group) =>
        this.counts.result(
          name,
          group,
          experts.filter((expert) => expert.group === group),
          this.#accounts,
        ),
      ),
      windows: this.#windows,
      places: this.#market.record.result(),
    };
  }
}

const newMeans = () => ({
  winner: new Mean(),
  delivered: new Mean(),
  oracle: new Mean(),
  random: new Mean(),
  measured: new Mean(),
  called: new Mean(),
  late: new Mean(),
});
