import {
  isMoeError,
  type KeyPair,
  MoeError,
  messageOf,
  type NodeId,
  signBody,
} from '@market-of-experts/core';
import {
  basePricePerKilobyte,
  certificateEffects,
  feeOf,
  inJobOrder,
  type Order,
  orderDomain,
  questionLimits,
  saltedDataHash,
} from '@market-of-experts/protocol';
import { previewOf } from '@market-of-experts/receipts/preview';
import type { QueuedText } from './batch-queue.ts';
import type { TakenOrder } from './client-orders.ts';
import type { OrderedText, OrderRecords } from './records.ts';
import type { Reserve } from './reserve.ts';
import { runShardJob, type ShardOutcome } from './shard-job.ts';
import type { PositionsOf } from './stages/shard-run.ts';
import { type CompetingComponents, priceOf } from './text-request.ts';

export interface CompetitionComponents extends CompetingComponents {
  /** Of the coordinator. */
  readonly keys: KeyPair;
  readonly records: OrderRecords;
  /** Texts that fill a job up; default none. */
  readonly reserve?: Reserve | undefined;
  readonly positionsOf?: PositionsOf | undefined;
}

/** A text with its order. */
interface OrderedQueuedText {
  readonly queued: QueuedText;
  readonly taken: TakenOrder;
  readonly order: Order;
  readonly salt: Uint8Array;
  readonly base: OrderedText;
}

/** Draws for one batch: another may find experts that answer. */
const maxAttempts = 3;
const orderLifetimeMs = 30_000;

/**
 * Examines experts on texts by one shard job: they compete, witnesses certify, each text's winner is paid. A job in which too few
 * answered costs nothing, and the texts are ordered anew, with another draw; not where experts have shown their work. Every text is answered or failed, but those given back:
 * each of these is to be examined alone, since one of them may be what keeps the others from it. Never rejects.
 */
export async function compete(
  components: CompetitionComponents,
  batch: readonly QueuedText[],
): Promise<readonly QueuedText[]> {
  const alone: QueuedText[] = [];
  let left = batch;
  for (let attempt = 1; ; attempt += 1) {
    let error: unknown = nobodyWon();
    try {
      await competeOnce(components, left);
    } catch (thrown) {
      error = thrown;
    }
    left = left.filter((each) => !each.isOver());
    if (left.length === 0) return alone;
    const isQuorumMissing = isMoeError(error, 'no-quorum');
    // Its witnesses may certify it yet, and then it is paid: another order would be charged for the same text.
    if (isMoeError(error, 'no-quorum') && error.metadata.work === 'shown') {
      components.rollCaller?.validatorsMissing();
      for (const each of left) each.fail(error);
      return alone;
    }
    if (isQuorumMissing) components.rollCaller?.validatorsMissing();
    if (left.length > 1 && (isQuorumMissing || isMoeError(error, 'input-too-short'))) {
      const others = isQuorumMissing && attempt < maxAttempts ? left.filter(mayPay(components)) : [];
      // Whoever seems to have brought the job down goes alone, the others once more together; all alone where nobody does.
      if (others.length < 2 || others.length === left.length) return [...alone, ...left];
      alone.push(...left.filter((each) => !others.includes(each)));
      left = others;
      continue;
    }
    for (const each of left)
      if (attempt >= maxAttempts || !isQuorumMissing || each.request.signal.aborted) each.fail(error);
    left = left.filter((each) => !each.isOver());
    if (left.length === 0) return alone;
  }
}

/** Whether the ledger still lets the text's client pay for it: who takes his money out during a job has it refused. */
function mayPay({ orders, view }: CompetitionComponents): (queued: QueuedText) => boolean {
  return ({ request: { account }, bytes }) => orders.balance(account).availableMicro >= priceOf(bytes, view);
}

function nobodyWon(): MoeError {
  return new MoeError('no-quorum', 'No expert gave a usable answer. Nothing was charged. Try again.', {
    isRetryable: true,
  });
}

/** Answers those that somebody has won. Rejects, with all orders void, where nothing came of the job. */
async function competeOnce(components: CompetitionComponents, batch: readonly QueuedText[]): Promise<void> {
  const { keys, transport, view, orders, records, clock, random } = components;
  const startedMs = clock.nowMs();
  const beganMs = clock.steadyMs();
  // The roster may change while the job runs; everyone keeps to the one that its messages name.
  const { roster, hash } = view.current();
  const price = basePricePerKilobyte(roster.experts);
  const ordered = inJobOrder(
    batch.flatMap((queued) => orderOf(components, queued, price, startedMs + orderLifetimeMs) ?? []),
  );
  if (ordered.length === 0) return;
  const { parameters } = roster;
  const over = new AbortController();
  let outcome: ShardOutcome;
  try {
    outcome = await runShardJob(
      {
        keys,
        transport,
        clock,
        random,
        view,
        positionsOf: components.positionsOf,
        onEquivocation: components.onEquivocation,
        onStage: view.observeStage,
      },
      {
        orders: ordered.map(({ order }) => order),
        data: ordered.map(({ queued, salt }) => ({ text: queued.request.text, salt })),
        takeReserve: (near) =>
          components.reserve?.take(
            Math.min(questionLimits.reserve, view.task.mostReserveTexts(parameters)),
            questionLimits.reserveBytes,
            near,
          ) ?? [],
        roster,
        rosterHash: hash,
        signal: whenAllHaveGone(
          ordered.map(({ queued }) => queued.request.signal),
          over.signal,
        ),
      },
    );
  } catch (error) {
    await Promise.all(ordered.map(({ taken, base }) => records.keepVoid(taken, messageOf(error), base)));
    throw error;
  } finally {
    over.abort();
  }
  const { certificate, transcript } = outcome;
  components.keepRoster(hash);
  await Promise.all(
    ordered.map(async ({ queued, taken, base }, index) => {
      const datum = certificate.body.data[index]!;
      orders.decide(taken, datum.feeMicro);
      await records.keep(datum.order, {
        ...base,
        proof: {
          kind: 'certificate',
          certificate,
          data: [index],
          tickets: transcript.tickets,
          roster: hash,
        },
        effects: certificateEffects(certificate, index, roster),
        transcript,
        entries: outcome.entries[index]!,
        latenciesMs: Object.fromEntries(outcome.latenciesMs),
        atMs: startedMs,
        durationMs: clock.steadyMs() - beganMs,
      });
      if (datum.winner !== null) queued.answer({ receiptId: datum.order, feeMicro: datum.feeMicro });
    }),
  );
}

/** Takes the client's next order number; undefined where the text fails by itself, as for want of money. */
function orderOf(
  { keys, market, view, ledger, orders, random }: CompetitionComponents,
  queued: QueuedText,
  price: bigint,
  deadlineMs: number,
): OrderedQueuedText | undefined {
  const { request, bytes } = queued;
  let taken: TakenOrder;
  try {
    taken = orders.take(request.account, priceOf(bytes, view));
  } catch (error) {
    queued.fail(error);
    return undefined;
  }
  const salt = random.bytes(16);
  const order = signBody(taken.keys, orderDomain, {
    network: ledger.network,
    market,
    client: taken.client,
    clientSeq: taken.clientSeq,
    coordinator: keys.publicKey as NodeId,
    dataHash: saltedDataHash(request.text, salt),
    bytes,
    maxFeeMicro: feeOf(bytes, price, 0n),
    tipMicro: 0n,
    deadlineMs,
  });
  const base: OrderedText = {
    kind: request.kind,
    isTextPublic: request.isTextPublic,
    preview: previewOf(request.text),
    salts: [salt],
  };
  return { queued, taken, order, salt, base };
}

/** A job is given up while it can be, once nobody waits for any of its texts. Listens until it is over. */
function whenAllHaveGone(signals: readonly AbortSignal[], over: AbortSignal): AbortSignal {
  const [only] = signals;
  if (signals.length === 1) return only!;
  const gone = new AbortController();
  const look = (): void => {
    if (signals.every(({ aborted }) => aborted)) gone.abort(only!.reason);
  };
  for (const signal of signals) signal.addEventListener('abort', look, { once: true, signal: over });
  look();
  return gone.signal;
}
