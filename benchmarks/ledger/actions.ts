import { type Hash, hashOf, type MarketId, type NodeId, type OwnerKey, type Signer } from '@moe/core';
import {
  type Action,
  type Expert,
  prepaidKey,
  type SettlementBody,
  type StakeTarget,
  signConsent,
  signEpochEnd,
  signRelease,
  signSettlement,
  type TransactionKind,
  weightCommitKey,
  weightsCommitment,
} from '@moe/protocol';
import {
  culprit,
  gateway,
  MARKET,
  marketOwner,
  NETWORK,
  nodeId,
  nodeKeys,
  ownerOf,
  owners,
  registerValidator,
  type Scene,
  termsOf,
  treasury,
  validatorOwner,
  validators,
  validatorTarget,
} from './cast.ts';

/** Makes one transaction that the rules will take now; undefined if there is none of its kind at the moment. */
export type Maker = (scene: Scene) => { readonly by: Signer; readonly action: Action } | undefined;

/**
 * The mix: of every 100 transactions about so many are of a kind (transfers stand in for what is not possible at
 * the moment). A new kind of transaction is added here and nowhere else.
 */
export const mix: Readonly<
  Record<Exclude<TransactionKind, 'genesis'>, readonly [share: number, make: Maker]>
> = {
  transfer: [40, transfer],
  settle: [10, settle],
  lock: [
    5,
    ({ index }) =>
      by(someOwner(index), { kind: 'lock', market: MARKET, gateway: nodeId(gateway), amountMicro: 1_000n }),
  ],
  unlock: [3, unlock],
  deposit: [
    3,
    ({ index }) =>
      by(treasury, {
        kind: 'deposit',
        to: someOwner(index).address,
        amountMicro: 5n,
        reference: `payment ${index}`,
      }),
  ],
  stake: [2, ({ index }) => by(validatorOwner, { kind: 'stake', target: standing(index), amountMicro: 50n })],
  unstake: [
    2,
    ({ index }) => by(validatorOwner, { kind: 'unstake', target: standing(index), amountMicro: 20n }),
  ],
  delegate: [
    5,
    ({ index }) => by(someOwner(index), { kind: 'delegate', target: standing(index), amountMicro: 1_000n }),
  ],
  undelegate: [2, (scene) => takeOut(scene, (target) => ({ kind: 'undelegate', target, amountMicro: 10n }))],
  redelegate: [
    2,
    (scene) =>
      takeOut(scene, (target) => ({ kind: 'redelegate', target, to: otherThan(target), amountMicro: 10n })),
  ],
  setCommission: [
    1,
    ({ index }) =>
      by(validatorOwner, {
        kind: 'setCommission',
        target: standing(index),
        commissionBps: 500 + (index % 7),
      }),
  ],
  registerExpert: [2, registerExpert],
  updateExpert: [
    5,
    (scene) =>
      withExpert(scene, ({ node }) => ({
        kind: 'updateExpert',
        market: MARKET,
        node,
        askMicroPerKilobyte: BigInt(1 + (scene.index % 90)),
      })),
  ],
  deregister: [1, deregister],
  rotate: [1, rotate],
  registerValidator: [
    1,
    ({ state, index }) =>
      state.validators.size < 16
        ? by(someOwner(index), registerValidator(someOwner(index), nodeKeys(`extra ${index}`), 1_000n))
        : undefined,
  ],
  updateValidator: [
    2,
    ({ index }) =>
      by(validatorOwner, {
        kind: 'updateValidator',
        node: standing(index).node,
        ticketRoot: hashOf('bench/tickets', index),
      }),
  ],
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
  fundMarket: [
    2,
    ({ index }) => by(someOwner(index), { kind: 'fundMarket', market: MARKET, amountMicro: 3n }),
  ],
  commitWeights: [3, commitWeights],
  revealWeights: [3, revealWeights],
  endEpoch: [1, endEpoch],
  evidence: [1, evidence],
};

function by(signer: Signer, action: Action): { readonly by: Signer; readonly action: Action } {
  return { by: signer, action };
}

/** One of those who only spend: not the treasury, nor owners of the market and of validators. */
function someOwner(index: number): OwnerKey {
  return owners[8 + ((index * 7) % (owners.length - 8))]!;
}

function standing(index: number): StakeTarget {
  return validatorTarget(validators[index % validators.length]!);
}

function otherThan(target: StakeTarget): StakeTarget {
  return validatorTarget(validators.find((keys) => nodeId(keys) !== target.node)!);
}

export function transfer({ index }: Scene): ReturnType<Maker> {
  return by(someOwner(index), {
    kind: 'transfer',
    to: someOwner(index + 3).address,
    amountMicro: BigInt(1 + (index % 1_000)),
  });
}

/** Two orders of eight clients each. */
function settle({ state, index }: Scene): ReturnType<Maker> {
  const clients = owners
    .map(({ address }) => ({ client: address, prepaid: state.prepaid.get(prepaidKey(address, MARKET)) }))
    .filter(({ prepaid }) => (prepaid?.lockedMicro ?? 0n) >= 200n)
    .slice(0, 8)
    .sort((a, b) => (a.client < b.client ? -1 : 1));
  if (clients.length === 0) return undefined;
  const orders = clients.map(({ client, prepaid }) => ({
    client,
    fromSeq: prepaid!.nextOrderSeq,
    toSeq: prepaid!.nextOrderSeq + 2,
    chargeMicro: 200n,
  }));
  const expert = someExpert({ state, index });
  const chargedMicro = 200n * BigInt(orders.length);
  const settlement: SettlementBody = {
    network: NETWORK,
    market: MARKET,
    batch: state.markets.get(MARKET)!.nextBatch,
    gateway: nodeId(gateway),
    orders,
    credits:
      expert === undefined ? [{ account: someOwner(index).address, amountMicro: chargedMicro - 16n }] : [],
    earnings:
      expert === undefined
        ? []
        : [{ node: expert.node, owner: expert.owner, amountMicro: chargedMicro - 16n }],
    slashes: [],
    poolMicro: 16n,
    certificates: 2 * orders.length,
    root: hashOf('bench/certificates', index),
  };
  return by(someOwner(index), {
    kind: 'settle',
    settlement,
    signatures: validators.map((keys) => signSettlement(keys, settlement)),
  });
}

function unlock({ state, index }: Scene): ReturnType<Maker> {
  const owner = someOwner(index);
  const nonce = state.accounts.get(owner.address)?.nonce ?? 0;
  if ((state.prepaid.get(prepaidKey(owner.address, MARKET))?.lockedMicro ?? 0n) < 100n) return undefined;
  const body = { network: NETWORK, account: owner.address, market: MARKET, amountMicro: 100n, nonce };
  return by(owner, {
    kind: 'unlock',
    market: MARKET,
    amountMicro: 100n,
    release: [signRelease(gateway, body)],
  });
}

/** Something of a delegation that counts, from a validator that stays. */
function takeOut({ state, index }: Scene, make: (target: StakeTarget) => Action): ReturnType<Maker> {
  const held = [...state.delegations.values()].filter(
    ({ shares, target, account }) =>
      shares >= 100n &&
      account !== validatorOwner.address &&
      validators.some((keys) => nodeId(keys) === target.node),
  );
  const delegation = held[index % Math.max(1, held.length)];
  return delegation && by(ownerOf(delegation.account), make(delegation.target));
}

function registerExpert({ state, index }: Scene): ReturnType<Maker> {
  if (state.experts.size >= 64) return undefined;
  const owner = someOwner(index);
  const keys = nodeKeys(`expert ${index}`);
  return by(owner, {
    kind: 'registerExpert',
    market: MARKET,
    node: nodeId(keys),
    name: 'expert',
    stakeMicro: 10_000n,
    depositMicro: state.markets.get(MARKET)!.registrationMicro,
    askMicroPerKilobyte: 5n,
    askBps: 5_000,
    consent: signConsent(keys, NETWORK, owner.address),
  });
}

function someExpert({ state, index }: Pick<Scene, 'state' | 'index'>): Expert | undefined {
  const present = [...state.experts.values()].filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined);
  return present[index % Math.max(1, present.length)];
}

function withExpert(scene: Scene, make: (expert: Expert) => Action): ReturnType<Maker> {
  const expert = someExpert(scene);
  return expert && by(ownerOf(expert.owner), make(expert));
}

/** An expert if there are many, else a validator that is not needed. */
function deregister(scene: Scene): ReturnType<Maker> {
  const { state } = scene;
  if (state.experts.size > 24)
    return withExpert(scene, ({ node, market }) => ({
      kind: 'deregister',
      target: { role: 'expert', market, node },
    }));
  const extra = [...state.validators.values()].find(
    ({ owner, leavesAtEpoch }) => owner !== validatorOwner.address && leavesAtEpoch === undefined,
  );
  return (
    extra && by(ownerOf(extra.owner), { kind: 'deregister', target: { role: 'validator', node: extra.node } })
  );
}

function rotate(scene: Scene): ReturnType<Maker> {
  const keys = nodeKeys(`rotated ${scene.index}`);
  return withExpert(scene, ({ node, market, owner }) => ({
    kind: 'rotate',
    target: { role: 'expert', market, node },
    next: nodeId(keys),
    consent: signConsent(keys, NETWORK, owner),
  }));
}

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

/** The culprit signed two settlements of one number. */
function evidence({ state, index }: Scene): ReturnType<Maker> {
  if (state.validators.get(nodeId(culprit)) === undefined) return undefined;
  const signed = (root: Hash) => {
    const body: SettlementBody = {
      network: NETWORK,
      market: MARKET,
      batch: index,
      gateway: nodeId(gateway),
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
