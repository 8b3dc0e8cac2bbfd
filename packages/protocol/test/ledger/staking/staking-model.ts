import type { StakeTarget } from '../../../src/fields/fields.ts';
import type { Transaction, TransactionOf } from '../../../src/ledger/transaction/transaction.ts';
import { endEpoch } from './staking-model-epoch.ts';
import { exitId, type ModelNode, min, newNode, reward, slash } from './staking-model-node.ts';

/** Rules that the model needs of the network and its one market. */
export interface ModelRules {
  readonly unbondingEpochs: number;
  readonly noticeEpochs: number;
  readonly immunityEpochs: number;
  readonly minDelegationMicro: bigint;
  readonly slashBps: bigint;
  readonly reporterBps: bigint;
}
/** What the ledger pays for all that somebody has in a pot: only the ledger rounds. */
export interface Payouts {
  readonly held: (node: ModelNode, account: string) => bigint;
  /** To all delegators, one after the other, when a node is gone. */
  readonly returned: (node: ModelNode) => ReadonlyMap<string, bigint>;
  /** For all exits that are due in the model's epoch, one after the other. */
  readonly released: (node: ModelNode) => ReadonlyMap<string, bigint>;
}
const keyOf = (market: string | undefined, node: string): string => `${market ?? '*'}/${node}`;

/**
 * The staking rules once more, as a person would keep the books: lists of who has what, no shares, no keys that move. Told of
 * the transactions that the ledger took, it must come to the same amounts.
 */
export class StakingModel {
  epoch = 1;
  poolMicro = 0n;
  /** Taken from stakes, and nobody's. */
  burntMicro = 0n;
  /** By the key that signs: replaced keys still name their registration. */
  readonly byKey = new Map<string, ModelNode>();
  readonly nodes = new Set<ModelNode>();
  readonly balances = new Map<string, bigint>();
  readonly locked = new Map<string, bigint>();
  readonly rules: ModelRules;
  #nextId = 0;

  constructor(rules: ModelRules) {
    this.rules = rules;
  }

  /** The registration that a key stands for, even if it was replaced; there must be one. */
  find(target: StakeTarget): ModelNode {
    return this.byKey.get(keyOf(target.role === 'expert' ? target.market : undefined, target.node))!;
  }

  /** The registration of a key that is in use. */
  registered(target: StakeTarget): ModelNode | undefined {
    const node = this.find(target) as ModelNode | undefined;
    return node?.key.endsWith(`/${target.node}`) ? node : undefined;
  }

  isTaken(target: StakeTarget): boolean {
    return (this.find(target) as ModelNode | undefined) !== undefined;
  }

  apply(tx: Transaction, payouts: Payouts): void {
    switch (tx.kind) {
      case 'transfer':
        this.pay(tx.from, -tx.amountMicro);
        return this.pay(tx.to, tx.amountMicro);
      case 'deposit':
        return this.pay(tx.to, tx.amountMicro);
      case 'fundMarket':
        this.poolMicro += tx.amountMicro;
        return this.pay(tx.from, -tx.amountMicro);
      case 'lock':
        this.locked.set(tx.from, (this.locked.get(tx.from) ?? 0n) + tx.amountMicro);
        return this.pay(tx.from, -tx.amountMicro);
      case 'registerExpert':
      case 'registerValidator':
        return this.#register(tx);
      case 'stake':
      case 'delegate': {
        const { pending } = this.find(tx.target);
        pending.set(tx.from, (pending.get(tx.from) ?? 0n) + tx.amountMicro);
        return this.pay(tx.from, -tx.amountMicro);
      }
      case 'unstake': {
        const node = this.find(tx.target);
        const rest = tx.amountMicro - this.#takeBack(node, tx.from, tx.amountMicro);
        node.ownMicro -= rest;
        return this.#exit(node, tx.from, rest, undefined);
      }
      case 'undelegate':
        return this.#takeOut(tx, undefined, payouts);
      case 'redelegate':
        return this.#takeOut(tx, this.find(tx.to), payouts);
      case 'setCommission':
        this.find(tx.target).nextCommission = {
          bps: tx.commissionBps,
          fromEpoch: this.epoch + this.rules.noticeEpochs,
        };
        return;
      case 'rotate': {
        const node = this.find(tx.target);
        node.key = keyOf(node.market, tx.next);
        node.rotatedEpoch = this.epoch;
        this.byKey.set(node.key, node);
        return;
      }
      case 'deregister':
        return this.#leaveEarly(this.find(tx.target));
      case 'settle':
        return this.#settle(tx);
      case 'evidence': {
        if (tx.proof.kind !== 'settlements') throw new Error('the model knows double settlements only');
        const node = this.find({ role: 'validator', node: tx.proof.validator });
        if (this.epoch - (node.punishedEpoch ?? -Infinity) <= this.rules.unbondingEpochs)
          throw new Error(`${node.key} is punished again before its delegators could leave`);
        const all = node.ownMicro + node.delegated.totalMicro + node.unbonding.totalMicro;
        const taken = slash(node, (all * this.rules.slashBps + 9_999n) / 10_000n);
        const reward = (taken.own * this.rules.reporterBps) / 10_000n;
        this.burntMicro += taken.all - reward;
        node.punishedEpoch = this.epoch;
        return this.pay(tx.from, reward);
      }
      case 'endEpoch':
        return endEpoch(this, payouts);
      default:
        return;
    }
  }

  /** Out of service, to make room for one that pays so much. */
  makeRoom(node: ModelNode, priceMicro: bigint): void {
    this.#leave(node, this.epoch < node.immuneUntilEpoch ? 0n : min(priceMicro, node.depositMicro));
  }

  /** Out of service, by its owner's wish. The model's market never changes its terms. */
  #leaveEarly(node: ModelNode): void {
    this.#leave(node, this.epoch < node.immuneUntilEpoch ? node.depositMicro : 0n);
  }

  #leave(node: ModelNode, lostMicro: bigint): void {
    node.leavesAtEpoch = this.epoch + this.rules.unbondingEpochs;
    node.depositMicro -= lostMicro;
    this.burntMicro += lostMicro;
  }

  pay(account: string, micro: bigint): void {
    this.balances.set(account, (this.balances.get(account) ?? 0n) + micro);
  }

  #register(tx: TransactionOf<'registerExpert' | 'registerValidator'>): void {
    const isExpert = tx.kind === 'registerExpert';
    const market = isExpert ? (tx.market as string) : undefined;
    const depositMicro = isExpert ? tx.depositMicro : 0n;
    const node = newNode({
      id: this.#nextId++,
      market,
      owner: tx.from,
      key: keyOf(market, tx.node),
      ownMicro: tx.stakeMicro,
      commissionBps: tx.commissionBps ?? 1_000,
      depositMicro,
      immuneUntilEpoch: isExpert ? this.epoch + this.rules.immunityEpochs : 0,
    });
    this.byKey.set(node.key, node);
    this.nodes.add(node);
    this.pay(tx.from, -tx.stakeMicro - depositMicro);
  }

  /** Gives back what waits, as far as it is wanted. */
  #takeBack(node: ModelNode, account: string, wantedMicro: bigint): bigint {
    const back = min(wantedMicro, node.pending.get(account) ?? 0n);
    node.pending.set(account, (node.pending.get(account) ?? 0n) - back);
    this.pay(account, back);
    return back;
  }

  #takeOut(
    tx: TransactionOf<'undelegate' | 'redelegate'>,
    to: ModelNode | undefined,
    payouts: Payouts,
  ): void {
    const node = this.find(tx.target);
    const held = payouts.held(node, tx.from);
    const left = held + (node.pending.get(tx.from) ?? 0n) - tx.amountMicro;
    if (left === 0n || left < this.rules.minDelegationMicro) {
      this.#takeBack(node, tx.from, tx.amountMicro + left);
      node.delegated.takeAll(tx.from, held);
      return this.#exit(node, tx.from, held, to);
    }
    const rest = tx.amountMicro - this.#takeBack(node, tx.from, tx.amountMicro);
    if (rest > 0n) node.delegated.takePart(tx.from, rest);
    this.#exit(node, tx.from, rest, to);
  }

  #exit(node: ModelNode, account: string, micro: bigint, to: ModelNode | undefined): void {
    if (micro === 0n) return;
    if (node.unbonding.totalMicro === 0n) node.exits.clear();
    const releaseEpoch = this.epoch + this.rules.unbondingEpochs;
    const id = exitId(account, releaseEpoch, to);
    node.exits.set(id, { account, releaseEpoch, to });
    node.unbonding.add(id, micro);
  }

  #settle({ settlement }: TransactionOf<'settle'>): void {
    for (const { client, chargeMicro } of settlement.orders)
      this.locked.set(client, this.locked.get(client)! - chargeMicro);
    for (const { account, amountMicro } of settlement.credits) this.pay(account, amountMicro);
    for (const { node, owner, amountMicro } of settlement.earnings) {
      const earner = this.byKey.get(keyOf(settlement.market, node));
      if (earner?.owner === owner) this.pay(owner, reward(earner, amountMicro));
      else this.pay(owner, amountMicro);
    }
    this.poolMicro += settlement.poolMicro;
    for (const { node, amountMicro } of settlement.slashes) {
      const slashed = this.byKey.get(keyOf(settlement.market, node));
      if (slashed !== undefined) this.burntMicro += slash(slashed, amountMicro).all;
    }
  }
}
