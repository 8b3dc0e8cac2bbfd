import { type Clock, encode, isMoeError, MoeError, messageOf, type OwnerKey } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import { attendanceOf } from '@market-of-experts/protocol';
import { call } from '../messages/messaging.ts';
import { epochEndResponseSchema, protocols } from '../messages/protocols.ts';
import { collectSignatures } from '../settlement/collect-signatures.ts';
import { patientWarning } from '../settlement/patient-warning.ts';
import type { RollCaller } from '../settlement/roll-caller.ts';
import { type EpochTime, epochTime } from './epoch-time.ts';

export interface EpochKeeperComponents {
  readonly ledger: Ledger;
  readonly transport: Transport;
  /** Submits the end of an epoch, as anybody may; what only the treasury may do needs the treasury's key. */
  readonly keys: OwnerKey;
  readonly rollCaller: RollCaller;
  readonly clock: Clock;
  /** The operator says that the clock is right, though the ledger's time is far from it. */
  readonly acceptClock?: boolean;
  readonly onWarning: (message: string) => void;
}

export interface EpochKeeper {
  /** Resolves when no end is under way any more. */
  close(): Promise<void>;
}

/** Between two attempts to end an epoch that validators did not agree to end. */
const retryMs = 5_000;
/** It looks at the clock that often: one that was set, or a machine that slept, is noticed. */
const longestSleepMs = 60_000;

/**
 * Ends epochs when their time is over: asks the validators for their word, and writes it to the ledger. Where those who are
 * silent are too many it calls the roll, so that it waits for nobody for ever.
 */
export function epochKeeper(components: EpochKeeperComponents): EpochKeeper {
  const { ledger, transport, keys, clock, rollCaller } = components;
  const stopped = new AbortController();
  const time: EpochTime = epochTime(ledger, clock, components.acceptClock ?? false);
  const warn = patientWarning(clock, components.onWarning);

  const endEpoch = async (): Promise<void> => {
    const { network, epoch } = ledger.settings();
    const atMs = clock.nowMs();
    const request = encode({ network, epoch, atMs });
    const { signatures } = await collectSignatures({
      ledger,
      clock,
      transaction: { kind: 'endEpoch', network, from: keys.address, nonce: 0, epoch, atMs, signatures: [] },
      signal: stopped.signal,
      ask: async (node, signal) => {
        const options = { timeoutMs: 5_000, signal };
        return (await call(transport, node, protocols.epochEnd, request, epochEndResponseSchema, options))
          .signature;
      },
    });
    stopped.signal.throwIfAborted();
    await ledger.transact(keys, { kind: 'endEpoch', epoch, atMs, signatures: [...signatures] });
  };

  /** Who is dead but not needed for a quorum would still be drawn for jobs. */
  const someoneWasSilent = (): boolean =>
    ledger
      .validators()
      .some((each) => attendanceOf(each) === 'present' && each.seen!.epoch < ledger.settings().epoch - 1);

  const run = async (): Promise<void> => {
    for (;;) {
      const due = time.due();
      if (due.problem !== undefined) warn(due.problem);
      if (due.inMs > 0) {
        // Timers may fire a millisecond early: it looks again.
        await clock.sleep(Math.min(due.inMs, longestSleepMs), stopped.signal);
        continue;
      }
      try {
        await endEpoch();
        if (someoneWasSilent()) rollCaller.validatorsMissing();
      } catch (error) {
        if (stopped.signal.aborted) return;
        warn(`An epoch could not be ended and will be tried again: ${messageOf(error)}`);
        if (isMoeError(error, 'no-quorum')) rollCaller.validatorsMissing();
        await clock.sleep(retryMs, stopped.signal);
      }
    }
  };
  const running = run().catch(() => undefined);
  return {
    async close() {
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await running;
      time.close();
    },
  };
}
