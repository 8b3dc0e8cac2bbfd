import {
  type Hash,
  hashOf,
  type JobId,
  type KeyPair,
  MoeError,
  type NodeId,
  type Random,
  type Signed,
  signBody,
  toHex,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { OnceSaying, SigningGuard } from '@market-of-experts/ledger/guard';
import {
  type Action,
  type EpochEnd,
  isSaidOnce,
  type NodeSignature,
  type NoteBody,
  noteDomain,
  type SettlementBody,
  type StatementListBody,
  signEpochEnd,
  signSettlement,
  signStatementList,
  statementListDomain,
  type TransactionOf,
} from '@market-of-experts/protocol';
import type { OrderNumber } from '../job/order-number.ts';
import { type JobPen, jobPen } from './job-pen.ts';

/** What a validator does in the ranking: it promises weights, and later opens the promise. */
type WeightsAction = Extract<Action, { readonly kind: 'commitWeights' | 'revealWeights' }>;

/**
 * A node's key, behind its guard: nothing that can be held against the node is signed before it is entered there. Roles are
 * given this and never the key. All errors of `SigningGuard` pass through: what is refused is not signed.
 */
export interface GuardedSigner {
  readonly node: NodeId;
  /** Signs what cannot be held against anybody: tickets, declines, records of arrivals, tallies. */
  sign<Body>(domain: string, body: Body): Signed<Body>;
  /**
   * Takes part in a job, once for ever, also over restarts: throws `signed-already` or `signed-past` at once where this
   * node may have said something in it before. No honest question about the job comes after `untilMs`.
   */
  openJob(job: JobId, untilMs: number, options?: { readonly isUrgent?: boolean }): JobPen;
  /** Notes a job under all of its order numbers, as `bindOrder` does, or under none, with one cut of it, and says so. */
  note(body: NoteBody, untilMs: number): Promise<Signed<NoteBody>>;
  /**
   * Binds an order number to the one job that it stands for, or to none, until then. Rejects with `signed-already` where it is
   * bound to another, with `signed-past` where it may have been.
   */
  bindOrder(number: MarketOrderNumber, job: JobId | null, untilMs: number): Promise<void>;
  /** One settlement of a number, gateway and proposer, and none below the highest number signed. */
  signSettlement(body: SettlementBody): Promise<NodeSignature>;
  /** The end of one epoch after the other, each as often as it is asked for. */
  signEpochEnd(body: EpochEnd): Promise<NodeSignature>;
  /**
   * What it answered to a list of texts, dated by an epoch: rejects with `signed-past` for one before the last that it signed in. That no
   * two vectors of one text are signed under a version is for who keeps what was said (`expert/stated-answers.ts`).
   */
  signStatements(body: StatementListBody): Promise<Signed<StatementListBody>>;
  /** Brings a settlement that it has proposed, with the signatures of validators. Throws what the ledger refuses. */
  submitSettlement(
    ledger: Ledger,
    signed: Omit<TransactionOf<'settle'>, 'network' | 'from' | 'nonce' | 'kind'>,
  ): Promise<void>;
  /** Promises or opens weights: one of each in an epoch. Throws what the ledger refuses. */
  submitWeights(ledger: Ledger, action: WeightsAction): Promise<void>;
}

/** An order number on the ledger, which settles each once. */
type MarketOrderNumber = Pick<NoteBody, 'network' | 'market'> & OrderNumber;

/** The signer of a node's key, over the guard of the process. */
export type SignerOf = (keys: KeyPair) => GuardedSigner;

export function guardedSigner(
  keys: KeyPair,
  guard: SigningGuard,
  random: Random,
  /** What order numbers stand for; default: kept with everything else. */
  orders: SigningGuard = guard,
): GuardedSigner {
  const node = keys.publicKey as NodeId;
  const number = (sequence: string, at: number, slot: string, said: Hash): Promise<void> =>
    guard.enter({ sequence: `${node}/${sequence}`, number: at, slot, said });
  const bindingOf = (
    { network, market, client, clientSeq }: MarketOrderNumber,
    job: JobId | null,
    untilMs: number,
  ): OnceSaying => ({
    slot: `${node}/order/${network}/${market}/${client}/${clientSeq}`,
    said: hashOf('moe/job-of-order/1', job),
    untilMs,
  });
  return {
    node,
    sign(domain, body) {
      if (isSaidOnce(domain) || domain === noteDomain || domain === statementListDomain)
        throw new MoeError('unguarded-signature', `${domain} is signed only where it is remembered.`);
      return signBody(keys, domain, body);
    },
    openJob(job, untilMs, options) {
      // No opening is the same as another: whoever lost the pen has lost the job.
      const said = hashOf('moe/job-opening/1', toHex(random.bytes(16)));
      return jobPen(keys, job, guard.enter({ slot: `${node}/job/${job}`, said, untilMs }, options));
    },
    async note(body, untilMs) {
      const { network, market, job, numbers } = body;
      await orders.enterAll([
        ...numbers.map((number) => bindingOf({ network, market, ...number }, job, untilMs)),
        { slot: `${node}/cut/${job}`, said: body.cut, untilMs },
      ]);
      return signBody(keys, noteDomain, body);
    },
    // What the guard throws at once rejects, too.
    bindOrder: async (number, job, untilMs) => orders.enter(bindingOf(number, job, untilMs)),
    async signSettlement(body) {
      const { network, market, batch, gateway, by } = body;
      const said = hashOf('moe/signed-settlement/1', body);
      // Apart: however many gateways ask about a number, who stands in is not crowded out.
      if (by === gateway) await number(`settlement/${network}/${market}`, batch, gateway, said);
      else await number(`stand-in/${network}/${market}`, batch, `${gateway}/${by}`, said);
      return signSettlement(keys, body);
    },
    async signEpochEnd(body) {
      // When it ends is the proposer's to say again: only the number must not go back.
      const said = hashOf('moe/signed-epoch/1', [body.network, body.epoch]);
      await number(`epoch-end/${body.network}`, body.epoch, 'end', said);
      return signEpochEnd(keys, body);
    },
    async signStatements(body) {
      const { network, market, version, epoch } = body;
      await number(`statements/${network}/${market}`, epoch, version, version);
      return signStatementList(keys, body);
    },
    async submitSettlement(ledger, { settlement, signatures }) {
      await ledger.transact(keys, { kind: 'settle', settlement, signatures });
    },
    async submitWeights(ledger, action) {
      const { kind, market, epoch, ...what } = action;
      await number(
        `${kind}/${ledger.network}/${market}`,
        epoch,
        'weights',
        hashOf('moe/signed-weights/1', what),
      );
      await ledger.transact(keys, action);
    },
  };
}
