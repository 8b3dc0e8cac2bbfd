import {
  type AccountId,
  type Amount,
  type Clock,
  encode,
  isMoeError,
  type KeyPair,
  type MarketId,
  MoeError,
  messageOf,
  type NodeId,
  type Random,
  signBody,
  verifyBodyAsync,
} from '@moe/core';
import type { Ledger, ReceiptStore } from '@moe/ledger';
import type { Transport } from '@moe/network';
import {
  basePricePerKilobyte,
  certificateEffects,
  deliveryWeights,
  feeOf,
  float32FromBytes,
  mixVectors,
  type OrderBody,
  orderDomain,
  quantise,
  type RoutedTally,
  saltedDataHash,
  tallyDomain,
  tallyEffects,
  type VoidBody,
  voidDomain,
  voidEffects,
  wordsOf,
} from '@moe/protocol';
import type { LedgerView } from '../market/ledger-view.ts';
import { call } from '../market/messaging.ts';
import type { Delivery, EmbeddedText, ServiceMode } from '../market-service.ts';
import { protocols, routeResponseSchema, tallyResponseSchema } from '../protocols.ts';
import { encodeRecord, type ReceiptRecord } from '../receipts/receipt-record.ts';
import type { ClientOrders, TakenOrder } from './client-orders.ts';
import { expertsByMerit } from './merit.ts';
import {
  addItem,
  drained,
  maxItemsPerTally,
  openSession,
  type RoutedSession,
  signTally,
  tallyAfterMs,
  tallyBodyOf,
} from './routed-session.ts';
import type { Settler } from './settler.ts';
import { runShardJob, type ShardOutcome } from './shard-job.ts';
import { createSlots } from './slots.ts';

export interface CoordinatorComponents {
  readonly keys: KeyPair;
  readonly market: MarketId;
  readonly transport: Transport;
  readonly view: LedgerView;
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  readonly clock: Clock;
  readonly random: Random;
  readonly countTokens: (text: string) => number;
  /** Keeps what receipts refer to by hash. */
  readonly keepRoster: (hash: string) => void;
  readonly onRecord: (id: string, record: ReceiptRecord, outcome?: ShardOutcome) => void;
  readonly maxConcurrentJobs?: number;
  readonly onWarning?: (message: string) => void;
}

export interface TextRequest {
  readonly account: AccountId;
  readonly text: string;
  readonly mode: ServiceMode;
  readonly delivery: Delivery;
  readonly maxFeeMicro: Amount | undefined;
  readonly kind: 'client' | 'house';
  readonly signal: AbortSignal;
}

/** Runs jobs for clients: takes the order, competes or routes, keeps the record, hands it to settlement. */
export interface Coordinator {
  embed(request: TextRequest): Promise<EmbeddedText>;
  /** Records that are answered but not yet durable or tallied; settled by `close`. */
  openSessions(): readonly RoutedSession[];
  /**
   * After a restart: order numbers between those that have a record were lost with the process. They are voided,
   * so that the records after them can be settled.
   */
  voidGaps(known: readonly { readonly client: AccountId; readonly clientSeq: number }[]): void;
  close(): Promise<void>;
}

const previewCharacters = 120;

export function createCoordinator(components: CoordinatorComponents): Coordinator {
  const { keys, market, transport, view, ledger, receipts, orders, settler, clock, random } = components;
  const slots = createSlots(components.maxConcurrentJobs ?? 4, 8_192);
  const sessions = new Map<string, RoutedSession>();
  const closing = new Set<Promise<void>>();

  const keep = async (id: string, record: ReceiptRecord, outcome?: ShardOutcome): Promise<void> => {
    await receipts.put(id, encodeRecord(record), { pending: true });
    settler.add({ id, record });
    components.onRecord(id, record, outcome);
  };

  const keepVoid = async (
    order: TakenOrder,
    reason: string,
    base: Pick<ReceiptRecord, 'kind' | 'preview'>,
  ) => {
    const body: VoidBody = {
      network: ledger.network,
      market,
      client: order.client,
      clientSeq: order.clientSeq,
      reason: reason.slice(0, 300),
    };
    const effects = voidEffects(body);
    orders.decide(order, 0n);
    await keep(effects.proof, {
      ...base,
      proof: { kind: 'void', signed: signBody(order.keys, voidDomain, body) },
      effects,
      atMs: clock.nowMs(),
      durationMs: 0,
    });
  };

  const feeLimit = (request: TextRequest, bytes: number): Amount => {
    const feeMicro = feeOf(bytes, basePricePerKilobyte(view.current().roster.experts), 0n);
    if (request.maxFeeMicro !== undefined && feeMicro > request.maxFeeMicro)
      throw new MoeError(
        'fee-too-low',
        `This text costs ${feeMicro} micro-credits; the request allows ${request.maxFeeMicro}. Raise the limit or send less text.`,
      );
    return feeMicro;
  };

  const compete = async (request: TextRequest, bytes: number): Promise<EmbeddedText> => {
    const startedMs = clock.nowMs();
    const order = orders.take(request.account, feeLimit(request, bytes));
    const base = { kind: request.kind, preview: request.text.slice(0, previewCharacters) };
    // The roster may change while the job runs; everyone keeps to the one that its messages name.
    const { roster, hash } = view.current();
    let outcome: ShardOutcome;
    try {
      const salt = random.bytes(16);
      const body: OrderBody = {
        network: ledger.network,
        market,
        client: order.client,
        clientSeq: order.clientSeq,
        coordinator: keys.publicKey as NodeId,
        dataHash: saltedDataHash(request.text, salt),
        bytes,
        maxFeeMicro: feeOf(bytes, basePricePerKilobyte(roster.experts), 0n),
        tipMicro: 0n,
        deadlineMs: startedMs + 30_000,
      };
      outcome = await runShardJob(
        { keys, transport, clock },
        {
          order: signBody(order.keys, orderDomain, body),
          roster,
          rosterHash: hash,
          text: request.text,
          salt,
          signal: request.signal,
        },
      );
    } catch (error) {
      await keepVoid(order, messageOf(error), base);
      throw error;
    }
    const { certificate, transcript } = outcome;
    const effects = certificateEffects(certificate, roster);
    orders.decide(order, certificate.body.feeMicro);
    components.keepRoster(hash);
    await keep(
      certificate.body.job,
      {
        ...base,
        proof: { kind: 'certificate', certificate, tickets: transcript.tickets, roster: hash },
        effects,
        transcript,
        atMs: startedMs,
        durationMs: clock.nowMs() - startedMs,
      },
      outcome,
    );
    if (certificate.body.winner === null)
      throw new MoeError('no-quorum', 'No expert gave a usable answer. Nothing was charged. Try again.', {
        isRetryable: true,
      });
    return {
      vector: deliver(outcome, request.delivery),
      receiptId: certificate.body.job,
      mode: 'shard',
      feeMicro: certificate.body.feeMicro,
      tokens: components.countTokens(request.text),
    };
  };

  /** The open tally of a client with a worker, or a new one. */
  const sessionOf = (request: TextRequest, worker: NodeId): RoutedSession => {
    const key = `${request.account}/${worker}/${request.kind}`;
    let session = sessions.get(key);
    if (session === undefined || session.items.length >= maxItemsPerTally) {
      if (session !== undefined) void closeSession(key, session);
      session = openSession(
        ledger.network,
        market,
        orders.take(request.account, 0n),
        worker,
        request.kind,
        view.current(),
        clock,
      );
      const opened = session;
      sessions.set(key, opened);
      void clock.sleep(tallyAfterMs).then(() => closeSession(key, opened));
    }
    return session;
  };

  const closeSession = (key: string, session: RoutedSession): Promise<void> => {
    if (sessions.get(key) === session) sessions.delete(key);
    if (session.isClosed) return Promise.resolve();
    session.isClosed = true;
    const task = tallySession(session)
      .catch((error: unknown) => components.onWarning?.(`A tally could not be kept: ${messageOf(error)}`))
      .finally(() => closing.delete(task));
    closing.add(task);
    return task;
  };

  const tallySession = async (session: RoutedSession): Promise<void> => {
    await drained(session);
    const { order, items, kind, preview, worker } = session;
    if (items.length === 0) return keepVoid(order, 'Nothing was served under this order.', { kind, preview });
    const body = tallyBodyOf(session, ledger.network, market);
    const client = signTally(order.keys, body);
    const { roster, hash } = session;
    let signed: RoutedTally['worker'];
    try {
      signed = await countersigned(worker, client);
    } catch (error) {
      // An expert that does not sign for its work is not paid for it; the client is not charged.
      await keepVoid(order, `The expert did not sign the tally: ${messageOf(error)}`, { kind, preview });
      return;
    }
    components.keepRoster(hash);
    orders.decide(order, body.feeMicro);
    await keep(session.id, {
      kind,
      preview,
      proof: { kind: 'tally', tally: { client, worker: signed }, roster: hash },
      effects: tallyEffects(body, roster),
      items,
      atMs: session.openedMs,
      durationMs: clock.nowMs() - session.openedMs,
    });
  };

  /** The tally signed by the expert too. Checked here: one bad signature would hold up a whole settlement. */
  const countersigned = async (
    worker: NodeId,
    client: RoutedTally['client'],
  ): Promise<RoutedTally['worker']> => {
    const request = encode({ tally: client });
    const { tally } = await call(transport, worker, protocols.tally, request, tallyResponseSchema, {
      timeoutMs: 5_000,
    });
    const signed = { body: client.body, by: worker, signature: tally.signature };
    if (!(await verifyBodyAsync(tallyDomain, signed)))
      throw new MoeError('bad-signature', 'Its signature is not valid.');
    return signed;
  };

  const route = async (request: TextRequest, bytes: number): Promise<EmbeddedText> => {
    const feeMicro = feeLimit(request, bytes);
    const encoded = encode({ texts: [request.text] });
    let lastError: unknown;
    for (const worker of expertsByMerit(view).slice(0, 3)) {
      // Money first: an account without any is told so before anybody works for it.
      const session = sessionOf(request, worker);
      orders.extend(session.order, feeMicro);
      session.inFlight += 1;
      try {
        const { vectors } = await call(transport, worker, protocols.route, encoded, routeResponseSchema, {
          timeoutMs: 15_000,
          signal: request.signal,
        });
        const bytesOfVector = vectors[0];
        if (
          bytesOfVector === undefined ||
          bytesOfVector.length !== 4 * view.current().roster.parameters.dimensions
        )
          throw new MoeError('backend-invalid-output', 'The expert answered something else than one vector.');
        const vector = float32FromBytes(bytesOfVector);
        quantise(vector);
        if (session.preview === '') session.preview = request.text.slice(0, previewCharacters);
        const receiptId = addItem(session, request.text, bytes, bytesOfVector, feeMicro);
        return {
          vector,
          receiptId,
          mode: 'route',
          feeMicro,
          tokens: components.countTokens(request.text),
        };
      } catch (error) {
        orders.extend(session.order, -feeMicro);
        if (request.signal.aborted || isMoeError(error, 'insufficient-funds')) throw error;
        lastError = error;
      } finally {
        session.inFlight -= 1;
        if (session.inFlight === 0) session.onDrained?.();
      }
    }
    throw new MoeError('no-quorum', 'No expert answered. Nothing was charged. Try again.', {
      isRetryable: true,
      cause: lastError,
    });
  };

  return {
    async embed(request) {
      const { parameters } = view.current().roster;
      const bytes = Buffer.byteLength(request.text);
      if (bytes > parameters.maximumTextBytes)
        throw new MoeError(
          'input-too-large',
          `The text has ${bytes} bytes; this market serves texts of at most ${parameters.maximumTextBytes}. Split it.`,
        );
      const isAudit = (): boolean =>
        random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % 10_000 < parameters.auditBps;
      if ((request.mode !== 'route' || isAudit()) && hasWords(request.text, parameters.minimumWords))
        return slots.run(() => compete(request, bytes), request.signal);
      return route(request, bytes);
    },
    openSessions: () => [...sessions.values()],
    voidGaps(known) {
      for (const client of new Set(known.map((effects) => effects.client))) {
        const numbers = new Set(
          known.filter((effects) => effects.client === client).map(({ clientSeq }) => clientSeq),
        );
        for (
          let clientSeq = ledger.nextOrderSeq(client, market);
          clientSeq < Math.max(...numbers);
          clientSeq += 1
        ) {
          if (numbers.has(clientSeq)) continue;
          const order = orders.retake(client, clientSeq);
          const task = keepVoid(order, 'The gateway stopped before the job was decided.', {
            kind: 'client',
            preview: '',
          })
            .catch((error: unknown) =>
              components.onWarning?.(`A void could not be kept: ${messageOf(error)}`),
            )
            .finally(() => closing.delete(task));
          closing.add(task);
        }
      }
    },
    async close() {
      for (const [key, session] of sessions) void closeSession(key, session);
      await Promise.all(closing);
    },
  };
}

/** Whether the text can be masked. Long texts are not segmented whole to find out. */
function hasWords(text: string, minimum: number): boolean {
  return wordsOf(text.slice(0, 40 * minimum)).length >= minimum || wordsOf(text).length >= minimum;
}

function deliver({ certificate, transcript, roster }: ShardOutcome, delivery: Delivery): Float32Array {
  const weights = deliveryWeights(certificate.body, delivery, roster.parameters);
  const dimensions = roster.parameters.dimensions;
  const vectors = certificate.body.members.map(({ principal, outcome }) => {
    const reveal = transcript.reveals.find((message) => message.principal === principal);
    // What a member without a score revealed may be anything, of any length.
    return reveal === undefined || outcome !== 'scored'
      ? new Float32Array(dimensions)
      : float32FromBytes(reveal.full);
  });
  return mixVectors(vectors, weights);
}
