import type { AccountId, Hash, MarketId, NodeId } from '@market-of-experts/core';
import {
  basePricePerKilobyte,
  type CertifiedLoss,
  defaultChoiceRules,
  feeOf,
  type MarketParameters,
  placeExcess,
  type Roster,
  Standings,
  splitFee,
  toNumber,
} from '@market-of-experts/protocol';
import { defaultPricer, nextAskBps } from '@market-of-experts/roles/calling/pricer';
import type { PublicBeliefs } from '../beliefs/beliefs.ts';
import type { SimulatedExpert } from '../population/expert.ts';
import type { Scenario } from '../scenario/schema.ts';
import type { SpherePlaces } from '../space/places.ts';
import { PlaceRecord } from './place-record.ts';
import { Reliability } from './reliability.ts';

/** What the simulated market knows and holds between jobs. Changes at a settlement only, as on the ledger. */
export class MarketState {
  readonly scenario: Scenario;
  readonly parameters: MarketParameters;
  readonly experts: readonly SimulatedExpert[];
  readonly beliefs: PublicBeliefs;
  readonly reliability: Reliability;
  readonly record: PlaceRecord;
  readonly #byNode: ReadonlyMap<NodeId, SimulatedExpert>;
  readonly #places: number;
  readonly #standing: Float64Array;
  readonly #standingBatch: Int32Array;
  #standings = Standings.empty;
  #batch = 0;
  #losses: CertifiedLoss[] = [];
  #roster: Roster;
  #edition: readonly SimulatedExpert[] = [];
  #feeMicro = 0n;
  #prizeMicro = 0;
  readonly #callable: Uint8Array;

  constructor(init: {
    readonly scenario: Scenario;
    readonly parameters: MarketParameters;
    readonly experts: readonly SimulatedExpert[];
    readonly beliefs: PublicBeliefs;
    readonly places: SpherePlaces;
  }) {
    this.scenario = init.scenario;
    this.parameters = init.parameters;
    this.experts = init.experts;
    this.beliefs = init.beliefs;
    this.record = new PlaceRecord(init.experts, init.places, init.scenario.jobs);
    this.reliability = new Reliability(init.experts.length);
    this.#byNode = new Map(init.experts.map((expert) => [expert.node, expert]));
    this.#places = init.parameters.places;
    this.#standing = new Float64Array(init.experts.length * this.#places);
    this.#standingBatch = new Int32Array(init.experts.length * this.#places).fill(-1);
    this.#callable = new Uint8Array(init.experts.length);
    this.#roster = this.#enter(0);
  }

  get roster(): Roster {
    return this.#roster;
  }
  get standings(): Standings {
    return this.#standings;
  }
  /** Who serves the clients: the best by their standing over all places, of those that have been examined. Empty at first. */
  get edition(): readonly SimulatedExpert[] {
    return this.#edition;
  }
  /** Fee of one job at the roster's base price. */
  get feeMicro(): bigint {
    return this.#feeMicro;
  }

  /** What of it the winner and its friend share. */
  get prizeMicro(): number {
    return this.#prizeMicro;
  }

  /** Whether the rules let the expert be called. */
  maybeCalled({ index }: SimulatedExpert): boolean {
    return this.#callable[index] === 1;
  }

  expertOf(node: NodeId): SimulatedExpert {
    return this.#byNode.get(node)!;
  }

  /** Certified expected excess of an expert at a place, as the winner's rule takes it. */
  standingOf(expert: SimulatedExpert, place: number): number {
    const cell = expert.index * this.#places + place;
    if (this.#standingBatch[cell] !== this.#batch) {
      this.#standing[cell] = toNumber(placeExcess(this.#standings.of(expert.node, place), this.parameters));
      this.#standingBatch[cell] = this.#batch;
    }
    return this.#standing[cell]!;
  }

  /** Certified losses of a job wait for the next settlement. */
  certify(losses: readonly CertifiedLoss[]): void {
    this.#losses.push(...losses);
  }

  /** Settles what has been certified: standings, asks, stakes and probation change. */
  settle(job: number, atMs: number): void {
    this.#standings = this.#standings.with(this.#losses);
    this.#losses = [];
    this.#batch += 1;
    this.beliefs.settled(job);
    for (const expert of this.experts) {
      expert.schedule.forget(atMs);
      if (expert.onProbation && expert.scoredJobs >= this.parameters.probationJobs)
        expert.onProbation = false;
      if (expert.settings.pricer === 'fixed') continue;
      const next = nextAskBps(expert.askBps, expert.claims, defaultPricer);
      if (next === undefined) continue;
      expert.askBps = next;
      expert.claims = { won: 0, heldAlready: 0, lost: 0 };
    }
    this.#roster = this.#enter(job);
  }

  /** A roster comes into force, and with it prices and who can be called. */
  #enter(job: number): Roster {
    const roster = this.#makeRoster(job);
    this.#feeMicro = feeOf(this.scenario.bytesPerJob, basePricePerKilobyte(roster.experts), 0n);
    this.#prizeMicro = Number(
      this.#feeMicro - splitFee(this.#feeMicro, this.parameters.feeBps, 0).marketMicro,
    );
    this.#callable.fill(0);
    for (const expert of roster.experts)
      if (!expert.onProbation) this.#callable[this.expertOf(expert.node).index] = 1;
    this.#edition = this.#bestOf(roster);
    return roster;
  }

  #bestOf(roster: Roster): SimulatedExpert[] {
    return roster.experts
      .flatMap(({ node, onProbation }) => {
        const { global } = this.#standings.of(node, 0);
        if (onProbation || global.jobs === 0) return [];
        const excess = placeExcess({ global, place: { jobs: 0, excessUnits: 0 } }, this.parameters);
        return [{ expert: this.expertOf(node), excess: toNumber(excess) }];
      })
      .sort((a, b) => a.excess - b.excess)
      .slice(0, defaultChoiceRules.mostParts)
      .map(({ expert }) => expert);
  }

  #makeRoster(job: number): Roster {
    return {
      network: 'simulation',
      market: 'simulation' as MarketId,
      marketOwner: 'market' as AccountId,
      beacon: `beacon-${this.scenario.seed}` as Hash,
      batch: this.#batch,
      parameters: this.parameters,
      placesHash: '' as Hash,
      experts: this.experts
        .filter(({ joinsAtJob, stakeMicro }) => joinsAtJob <= job && stakeMicro > 0n)
        .map((expert) => ({
          node: expert.node,
          owner: expert.owner,
          askMicroPerKilobyte: BigInt(expert.settings.priceMicroPerKilobyte),
          askBps: expert.askBps,
          stakeMicro: expert.stakeMicro,
          faultyEpochs: 0,
          onProbation: expert.onProbation,
        })),
      validators: [],
    };
  }
}
