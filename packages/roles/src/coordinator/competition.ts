import {
  type Amount,
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
  type OrderBody,
  orderDomain,
  saltedDataHash,
} from '@market-of-experts/protocol';
import { previewOf } from '@market-of-experts/receipts/preview';
import type { OrderedText, OrderRecords } from './records.ts';
import { runShardJob, type ShardOutcome } from './shard-job.ts';
import { type CompetingComponents, priceOf, type TextRequest } from './text-request.ts';

export interface CompetitionComponents extends CompetingComponents {
  /** Of the coordinator. */
  readonly keys: KeyPair;
  readonly records: OrderRecords;
}

/** A text that experts were examined on. */
export interface ExaminedText {
  readonly receiptId: string;
  readonly feeMicro: Amount;
}

/** Draws for one text: another may find experts that answer. */
const maxAttempts = 3;

/**
 * Examines experts on one text by a shard job: they compete, witnesses certify, the winner is paid. A job in which too few
 * answered costs nothing, and the text is ordered anew, with another draw.
 */
export async function compete(
  components: CompetitionComponents,
  request: TextRequest,
  bytes: number,
): Promise<ExaminedText> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await competeOnce(components, request, bytes);
    } catch (error) {
      if (isMoeError(error, 'no-quorum')) components.rollCaller?.validatorsMissing();
      if (attempt >= maxAttempts || request.signal.aborted || !isMoeError(error, 'no-quorum')) throw error;
    }
}

async function competeOnce(
  components: CompetitionComponents,
  request: TextRequest,
  bytes: number,
): Promise<ExaminedText> {
  const { keys, market, transport, view, ledger, orders, records, clock, random } = components;
  const startedMs = clock.nowMs();
  const beganMs = clock.steadyMs();
  const order = orders.take(request.account, priceOf(bytes, view));
  const salt = random.bytes(16);
  const base: OrderedText = {
    kind: request.kind,
    isTextPublic: request.isTextPublic,
    preview: previewOf(request.text),
    salts: [salt],
  };
  // The roster may change while the job runs; everyone keeps to the one that its messages name.
  const { roster, hash } = view.current();
  let outcome: ShardOutcome;
  try {
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
      {
        keys,
        transport,
        clock,
        random,
        view,
        onEquivocation: components.onEquivocation,
        onStage: view.observeStage,
      },
      {
        orders: [signBody(order.keys, orderDomain, body)],
        roster,
        rosterHash: hash,
        data: [{ text: request.text, salt }],
        signal: request.signal,
      },
    );
  } catch (error) {
    await records.keepVoid(order, messageOf(error), base);
    throw error;
  }
  const { certificate, transcript } = outcome;
  const effects = certificateEffects(certificate, 0, roster);
  const datum = certificate.body.data[0]!;
  orders.decide(order, datum.feeMicro);
  components.keepRoster(hash);
  await records.keep(datum.order, {
    ...base,
    proof: { kind: 'certificate', certificate, data: [0], tickets: transcript.tickets, roster: hash },
    effects,
    transcript,
    latenciesMs: Object.fromEntries(outcome.latenciesMs),
    atMs: startedMs,
    durationMs: clock.steadyMs() - beganMs,
  });
  if (datum.winner === null)
    throw new MoeError('no-quorum', 'No expert gave a usable answer. Nothing was charged. Try again.', {
      isRetryable: true,
    });
  return { receiptId: datum.order, feeMicro: datum.feeMicro };
}
