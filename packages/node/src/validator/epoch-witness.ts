import { bytesSchema, type Clock, hashSchema, type KeyPair } from '@moe/core';
import type { Ledger } from '@moe/ledger';
import type { Transport } from '@moe/network';
import { signEpochEnd } from '@moe/protocol';
import { z } from 'zod';
import { refuse, serve } from '../market/messaging.ts';
import { protocols } from '../protocols.ts';

const epochEndRequestSchema = z.strictObject({
  network: z.string().max(64),
  epoch: z.int().min(0),
  atMs: z.int().min(0),
});
export const epochEndResponseSchema = z.strictObject({
  signature: z.strictObject({ node: hashSchema, signature: bytesSchema(64) }),
});

/** By how much the proposed end of an epoch may differ from a validator's own clock. */
const maximumSkewMs = 120_000;

/** Signs the end of the running epoch when this validator's own clock says that its time is over. */
export function serveEpochEnds(keys: KeyPair, transport: Transport, ledger: Ledger, clock: Clock): void {
  serve(transport, protocols.epochEnd, epochEndRequestSchema, async (end) => {
    const { network, epoch, epochStartedMs, rules } = ledger.settings();
    const nowMs = clock.nowMs();
    if (end.network !== network || end.epoch !== epoch) refuse(`Epoch ${epoch} of "${network}" is running.`);
    if (nowMs + maximumSkewMs < end.atMs || nowMs - maximumSkewMs > end.atMs)
      refuse('The end of the epoch lies too far from this validator’s clock.');
    if (nowMs < epochStartedMs + rules.epochMs) refuse('By this validator’s clock the epoch is not over.');
    return { signature: signEpochEnd(keys, end) };
  });
}
