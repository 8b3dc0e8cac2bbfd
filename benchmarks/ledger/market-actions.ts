import { type Hash, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import {
  editionBytes,
  editionKey,
  type SettlementBody,
  signEpochEnd,
  signSettlement,
  type TransactionKind,
  weightCommitKey,
  weightsCommitment,
} from '@market-of-experts/protocol';
import {
  culprit,
  gateway,
  MARKET,
  marketOwner,
  NETWORK,
  nodeId,
  ownerOf,
  type Scene,
  termsOf,
  treasury,
  validators,
} from './cast.ts';
import { by, type Maker, type Share, someOwner } from './makers.ts';

/** Markets, weights, epochs and evidence. */
export const marketActions = {
  createMarket: [
    1,
    ({ state, index }) =>
      state.markets.size < 8
        ? by(someOwner(index), {
            kind: 'createMarket',
            market: `bench-${index}` as MarketId,
            terms: termsOf(1),
          })
        : undefined,
  ],
  updateMarket: [1, updateMarket],
  closeMarket: [1, closeMarket],
  publishEdition: [1, publishEdition],
  publishShares: [1, publishShares],
  commitWeights: [3, commitWeights],
  revealWeights: [3, revealWeights],
  endEpoch: [1, endEpoch],
  rollCall: [1, rollCall],
  heartbeat: [1, heartbeat],
  evidence: [1, evidence],
} satisfies Partial<Record<TransactionKind, Share>>;

function updateMarket({ state }: Scene): ReturnType<Maker> {
  const { version } = state.markets.get(MARKET)!.terms.parameters;
  return by(marketOwner, { kind: 'updateMarket', market: MARKET, terms: termsOf(version + 1) });
}

function closeMarket({ state }: Scene): ReturnType<Maker> {
  const open = [...state.markets.values()].find(
    ({ market, closesAtEpoch }) => market !== MARKET && closesAtEpoch === undefined,
  );
  return open && by(ownerOf(open.owner), { kind: 'closeMarket', market: open.market });
}

/** One expert, and a little more of it each time. */
function publishEdition({ state, index }: Scene): ReturnType<Maker> {
  const { edition, nextBatch } = state.markets.get(MARKET)!;
  const { epoch } = state.network.get('network')!;
  // The ledger remembers 32, each for as long as it is served.
  const oldest = state.editions.get(editionKey(MARKET, (edition?.number ?? 0) - 31));
  if (oldest !== undefined && oldest.epoch >= epoch) return undefined;
  const exams = { root: hashOf('bench/exams', index), fromBatch: 0, toBatch: nextBatch, texts: index };
  const bytes = editionBytes({
    network: NETWORK,
    market: MARKET,
    number: (edition?.number ?? 0) + 1,
    previous: edition?.hash ?? null,
    parts: [
      {
        node: nodeId(gateway),
        modelVersion: hashOf('bench/model', 0),
        dimensions: 384,
        weightSteps: 1 + (index % 16),
      },
    ],
    places: null,
    gate: [],
    windowCharacters: 65_536,
    projectionSeed: hashOf('bench/projection', 0),
    fromEpoch: epoch,
    toEpoch: epoch + 1,
    evidence: exams.root,
  });
  return by(marketOwner, { kind: 'publishEdition', market: MARKET, edition: bytes, exams });
}

function publishShares({ state, index }: Scene): ReturnType<Maker> {
  const { edition, nextBatch } = state.markets.get(MARKET)!;
  const { epoch } = state.network.get('network')!;
  const record = edition && state.editions.get(editionKey(MARKET, edition.number));
  if (record === undefined || record.shares?.epoch === epoch) return undefined;
  return by(marketOwner, {
    kind: 'publishShares',
    market: MARKET,
    edition: record.number,
    epoch,
    millionths: [1_000_000],
    exams: { root: hashOf('bench/exams', index), fromBatch: 0, toBatch: nextBatch, texts: index },
  });
}

function weightsOf({ state }: Scene): [NodeId, number][] {
  return [...state.experts.values()]
    .map(({ node }): [NodeId, number] => [node, Number.parseInt(node.slice(0, 3), 16)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, 32);
}

function commitWeights(scene: Scene): ReturnType<Maker> {
  const { state, index, promised } = scene;
  const { epoch } = state.network.get('network')!;
  const permits = state.rankings.get(MARKET)?.permits;
  const keys = validators.find(
    (one) =>
      state.weightCommits.get(weightCommitKey(MARKET, nodeId(one), epoch)) === undefined &&
      (permits === undefined || permits.includes(nodeId(one))),
  );
  const weights = weightsOf(scene);
  if (keys === undefined || weights.length === 0) return undefined;
  const salt = hashOf('bench/salt', index);
  const commitment = weightsCommitment({
    network: NETWORK,
    market: MARKET,
    validator: nodeId(keys),
    epoch,
    weights,
    salt,
  });
  promised.set(commitment, { weights, salt });
  return by(keys, { kind: 'commitWeights', market: MARKET, epoch, commitment });
}

function revealWeights({ state, promised }: Scene): ReturnType<Maker> {
  const epoch = state.network.get('network')!.epoch - 1;
  for (const keys of validators) {
    const commit = state.weightCommits.get(weightCommitKey(MARKET, nodeId(keys), epoch));
    const opening = commit && promised.get(commit.commitment);
    if (opening !== undefined) return by(keys, { kind: 'revealWeights', market: MARKET, epoch, ...opening });
  }
  return undefined;
}

function endEpoch({ state }: Scene): ReturnType<Maker> {
  const { epoch, epochStartedMs, rules } = state.network.get('network')!;
  const atMs = epochStartedMs + rules.epochMs;
  const signatures = validators.map((keys) => signEpochEnd(keys, { network: NETWORK, epoch, atMs }));
  return by(treasury, { kind: 'endEpoch', epoch, atMs, signatures });
}

function rollCall({ state }: Scene): ReturnType<Maker> {
  const { rollCall: last, rules } = state.network.get('network')!;
  return by(treasury, { kind: 'rollCall', atMs: last.atMs + rules.answerMs });
}

/** From one of those who have not answered the last roll call. */
function heartbeat({ state }: Scene): ReturnType<Maker> {
  const call = state.network.get('network')!.rollCall.number;
  const keys = validators.find((each) => state.validators.get(nodeId(each))?.seen?.call !== call);
  return keys === undefined ? undefined : by(keys, { kind: 'heartbeat', call });
}

/** The culprit signed two settlements of one number. */
function evidence({ state, index }: Scene): ReturnType<Maker> {
  const accused = state.validators.get(nodeId(culprit));
  const isPunished = state.offences.get(`*/${nodeId(culprit)}`) !== undefined;
  if (isPunished || accused === undefined || accused.stakeMicro + accused.unbondingMicro === 0n)
    return undefined;
  const signed = (root: Hash) => {
    const body: SettlementBody = {
      network: NETWORK,
      market: MARKET,
      batch: state.markets.get(MARKET)!.nextBatch,
      gateway: nodeId(gateway),
      by: nodeId(gateway),
      orders: [],
      credits: [],
      earnings: [],
      slashes: [],
      poolMicro: 0n,
      certificates: 0,
      root,
    };
    return { body, signature: signSettlement(culprit, body).signature };
  };
  const settlements: [ReturnType<typeof signed>, ReturnType<typeof signed>] = [
    signed(hashOf('bench/one', index)),
    signed(hashOf('bench/other', index)),
  ];
  return by(someOwner(index), {
    kind: 'evidence',
    market: MARKET,
    proof: { kind: 'settlements', validator: nodeId(culprit), settlements },
  });
}
