import type { Clock } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import { LEDGER_TIME } from '@market-of-experts/protocol';
import { z } from 'zod';
import { refuse, serve } from '../messages/messaging.ts';
import { protocols } from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';

const epochEndRequestSchema = z.strictObject({
  network: z.string().max(64),
  epoch: z.int().min(0),
  atMs: z.int().min(0),
});
/**
 * Signs the end of the running epoch when this validator's own clock says that its time is over, or that it cannot have begun yet:
 * a ledger whose time is ahead of honest clocks is set right by the end of its epoch, which only the treasury may send.
 */
export function serveEpochEnds(
  signer: GuardedSigner,
  transport: Transport,
  ledger: Ledger,
  clock: Clock,
): void {
  serve(transport, protocols.epochEnd, epochEndRequestSchema, async (end) => {
    const { network, epoch, epochStartedMs, rules } = ledger.settings();
    const nowMs = clock.nowMs();
    if (end.network !== network || end.epoch !== epoch) refuse(`Epoch ${epoch} of "${network}" is running.`);
    if (Math.abs(nowMs - end.atMs) > LEDGER_TIME.skewMs)
      refuse('The end of the epoch lies too far from this validator’s clock.');
    const isLedgerAhead = nowMs < epochStartedMs - LEDGER_TIME.skewMs;
    if (!isLedgerAhead && nowMs < epochStartedMs + rules.epochMs)
      refuse('By this validator’s clock the epoch is not over.');
    return { signature: await signer.signEpochEnd(end) };
  });
}
