import { hashOf } from '@market-of-experts/core';
import {
  type Action,
  type ModelVersion,
  type StakeTarget,
  signConsent,
  type TransactionKind,
  textKeyCommitment,
} from '@market-of-experts/protocol';
import {
  MARKET,
  NETWORK,
  nodeId,
  nodeKeys,
  ownerOf,
  registerValidator,
  type Scene,
  validatorOwner,
  validators,
  validatorTarget,
} from './cast.ts';
import { by, type Maker, type Share, someExpert, someOwner, withExpert } from './makers.ts';

/** Registrations and the stake behind them. */
export const nodeActions = {
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
  setModelVersion: [1, setModelVersion],
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
} satisfies Partial<Record<TransactionKind, Share>>;

/** Of an expert that has changed rarely: the ledger takes eight versions in the time that can be punished. */
function setModelVersion(scene: Scene): ReturnType<Maker> {
  const expert = someExpert(scene);
  if (expert === undefined || (expert.versions?.length ?? 0) > 4) return undefined;
  const version: ModelVersion = {
    model: hashOf('bench/model', scene.index),
    runtime: { class: 'float32' },
    dimensions: 384,
    windows: 1,
    textKey: textKeyCommitment(hashOf('bench/text-key', scene.index)),
  };
  const { node, owner } = expert;
  return by(ownerOf(owner), { kind: 'setModelVersion', market: MARKET, node, version });
}

function standing(index: number): StakeTarget {
  return validatorTarget(validators[index % validators.length]!);
}

function otherThan(target: StakeTarget): StakeTarget {
  return validatorTarget(validators.find((keys) => nodeId(keys) !== target.node)!);
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
