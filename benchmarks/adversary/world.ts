/** The real roles and ledger in virtual time, and an adversary with nodes, stake and money of his own among them. */
import type { KeyPair, NodeId, OwnerKey } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import type { Misconduct } from '@market-of-experts/protocol';
import type { DecisionPolicy } from '@market-of-experts/roles/calling/policy';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { type VirtualClock, virtualClock } from '@market-of-experts/testing/virtual-clock';
import { type Uniform, uniformFrom } from '../late/random.ts';
import { type EvidenceHunter, evidenceHunter } from './evidence-hunter.ts';
import { type Vocabulary, vocabulary } from './mutate.ts';
import { type RestorableGuard, restorableGuard } from './older-guard.ts';
import { type Wiretap, wiretap } from './wiretap.ts';

interface Adversary {
  /** An account with money, a client of his own gateway. */
  readonly owner: OwnerKey;
  /** A registered expert, a registered validator with less than a third of the stake, a gateway, and nobody. */
  readonly expert: KeyPair;
  readonly validator: KeyPair;
  readonly gateway: KeyPair;
  readonly stranger: KeyPair;
  readonly ends: ReadonlyMap<NodeId, Transport>;
}

export interface World {
  readonly market: LedgerMarket;
  readonly clock: VirtualClock;
  readonly wire: Wiretap;
  readonly words: Vocabulary;
  readonly uniform: Uniform;
  readonly adversary: Adversary;
  readonly honest: ReadonlySet<NodeId>;
  readonly gateway: NodeId;
  /** Accepted proofs against honest nodes, with what they were about. */
  readonly framed: string[];
  /** What the honest nodes have signed, all of one machine. */
  readonly machine: RestorableGuard;
}

const experts = 8;
/** Past probation, so that it may call friends. */
const thiefIndex = 6;
const honestValidators = 3;

/** Calls a friend for two texts of five, whoever it is. */
const fickle: DecisionPolicy = ({ friends }, uniform) =>
  friends.length > 0 && uniform() < 0.4
    ? { kind: 'call', friends: friends.map(({ worker }) => worker), expectedMicro: 0 }
    : { kind: 'work', expectedMicro: 0 };

export async function openWorld(seed: number): Promise<World> {
  const uniform = uniformFrom(seed);
  const words = vocabulary();
  const framed: string[] = [];
  const pending: (() => Promise<void>)[] = [];
  let hunter: EvidenceHunter | undefined;
  const wire: Wiretap = wiretap((message) => {
    if (uniform() < 0.05) words.learn(message.bytes);
    for (const proof of hunter?.hear(message) ?? []) pending.push(() => report(proof));
    if (pending.length > 0) void pending.shift()!();
  });
  const clock = virtualClock(undefined, () => wire.handling() > 0);
  const thiefExpert = `expert-${thiefIndex}`;
  const thiefValidator = `validator-${honestValidators}`;
  const machine = restorableGuard(clock.nowMs, smallParameters.maximumClockSkewMs);
  const market = await ledgerMarket({
    clock,
    guard: machine.guard,
    tap: wire.tap,
    experts,
    validators: honestValidators + 1,
    ticketDepth: 14,
    // The adversary's expert is a part of the edition, too.
    parts: [0, 1, 2],
    strangers: [thiefExpert, thiefValidator],
    funded: ['thief'],
    policy: fickle,
  });
  const { ledger, keysOf, ownerOf } = market;
  hunter = evidenceHunter({ market: market.market, network: ledger.network });
  const owner = ownerOf('thief');
  const keys = {
    expert: keysOf(thiefExpert),
    validator: keysOf(thiefValidator),
    gateway: keysOf('thief-gateway'),
    stranger: keysOf('thief-stranger'),
  };
  const ends = new Map(
    Object.values(keys).map(({ publicKey }) => {
      const node = publicKey as NodeId;
      return [node, market.connect(node)] as const;
    }),
  );
  await ledger.transact(owner, {
    kind: 'lock',
    market: market.market,
    gateway: keys.gateway.publicKey as NodeId,
    amountMicro: 10_000_000n,
  });
  const honestExperts = market.experts.filter((_, index) => index !== thiefIndex);
  const validators = market.validators.slice(0, honestValidators);
  const gateway = keysOf('gateway').publicKey as NodeId;
  const honest = new Set<NodeId>([...honestExperts, ...validators, gateway]);
  const report = async (proof: Misconduct): Promise<void> => {
    try {
      await ledger.transact(owner, { kind: 'evidence', market: market.market, proof });
      // Adversaries report themselves, too: that must not pay, but frames nobody.
      const offender = offenderOf(proof);
      if (honest.has(offender)) framed.push(`evidence (${proof.kind}) against ${offender}`);
    } catch {
      // The ledger does not take it: nobody was harmed.
    }
  };
  return {
    market,
    clock,
    wire,
    words,
    uniform,
    adversary: { owner, ...keys, ends },
    honest,
    gateway,
    framed,
    machine,
  };
}

function offenderOf(proof: Misconduct): NodeId {
  switch (proof.kind) {
    case 'statements':
      return proof.statements[0].signed.by as NodeId;
    case 'contradiction':
      return proof.statements[0].list.body.node;
    default:
      return proof.validator;
  }
}
