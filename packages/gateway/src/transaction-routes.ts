import type { LedgerService } from '@market-of-experts/api/ledger-service';
import type { MarketService } from '@market-of-experts/api/market-service';
import { draftSchema, signedSchema } from '@market-of-experts/api/transactions';
import { encode, fromHex, OWNER_SIGNATURE_BYTES, toHex } from '@market-of-experts/core';
import {
  TRANSACTION_DOMAIN,
  type Transaction,
  transactionFromJson,
  transactionToJson,
  typedDataJsonOf,
} from '@market-of-experts/protocol';
import type { FastifyInstance } from 'fastify';
import { createAdmission } from './admission.ts';
import { invalidRequest } from './http/http-error.ts';
import { asLedgerRefusal } from './http/ledger-refusal.ts';
import type { GatewayLimits } from './limits.ts';
import { sendJson } from './send-json.ts';

const neverAborted = new AbortController().signal;

/**
 * `POST /v1/transactions` and `/v1/transactions/preview`. Whoever signs is allowed to, so no key is asked for; bodies and
 * the queue are bounded.
 */
export function registerTransactions(
  app: FastifyInstance,
  components: { readonly service: Pick<MarketService, 'ledger'>; readonly limits: GatewayLimits },
): void {
  const { limits } = components;
  const { ledger } = components.service;
  const bodyLimit = limits.maxTransactionBytes;
  const admission = createAdmission({
    maxConcurrent: limits.maxConcurrentTransactions,
    maxQueued: limits.maxQueuedTransactions,
    queueTimeoutMs: limits.queueTimeoutMs,
  });
  const admitted = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await admission.enter(neverAborted);
    try {
      return await work();
    } catch (error) {
      throw asLedgerRefusal(error);
    } finally {
      admission.leave();
    }
  };

  app.post('/v1/transactions', { bodyLimit }, async (request, reply) => {
    const body = signedSchema.safeParse(request.body);
    if (!body.success)
      throw invalidRequest(
        body.error.issues[0]?.path[0] === 'signature' ? 'signature' : 'transaction',
        'Send an object like {"transaction": {…}, "signature": "0x…"} and nothing else; POST /v1/transactions/preview makes the transaction.',
      );
    const placed = await admitted(async () => {
      const transaction = transactionFromJson(body.data.transaction);
      return ledger.submit({
        body: transaction,
        by: transaction.from,
        signature: signatureBytes(body.data.signature),
      });
    });
    return sendJson(reply, placed);
  });

  app.post('/v1/transactions/preview', { bodyLimit }, async (request, reply) => {
    const body = draftSchema.safeParse(request.body);
    if (!body.success)
      throw invalidRequest('transaction', 'Send an object like {"transaction": {"kind": "transfer", …}}.');
    const answer = await admitted(async () => {
      const transaction = completed(ledger, body.data.transaction);
      return {
        transaction: transactionToJson(transaction),
        ...toSign(transaction),
        ...(await ledger.preview(transaction)),
      };
    });
    return sendJson(reply, answer);
  });
}

/** The transaction with this network and the sender's next nonce, where it names none. */
function completed(ledger: LedgerService, draft: Record<string, unknown>): Transaction {
  const { network } = ledger.network();
  const transaction = transactionFromJson({ network, nonce: 0, ...draft });
  return draft.nonce === undefined
    ? { ...transaction, nonce: ledger.nextNonce(transaction.from) }
    : transaction;
}

/** Owners sign typed data, nodes canonical bytes. */
function toSign(transaction: Transaction): Record<string, unknown> {
  return transaction.from.startsWith('0x')
    ? { typedData: typedDataJsonOf(transaction) }
    : { signedBytes: `0x${toHex(encode([TRANSACTION_DOMAIN, transaction]))}` };
}

/** Some wallets number the two recoveries 0 and 1 instead of 27 and 28. */
function signatureBytes(hex: string): Uint8Array {
  const bytes = fromHex(hex.slice(2));
  const last = bytes.length - 1;
  if (bytes.length === OWNER_SIGNATURE_BYTES && bytes[last]! < 2) bytes[last] = bytes[last]! + 27;
  return bytes;
}
