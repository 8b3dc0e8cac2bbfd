import { type Clock, encode, MoeError, messageOf, type Signer } from '@moe/core';
import type { Ledger } from '@moe/ledger';
import type { Transport } from '@moe/network';
import { call } from '../market/messaging.ts';
import { protocols } from '../protocols.ts';
import { epochEndResponseSchema } from '../validator/epoch-witness.ts';

export interface EpochKeeperComponents {
  readonly ledger: Ledger;
  readonly transport: Transport;
  /** Submits the end of an epoch, as anybody may. */
  readonly keys: Signer;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
}

export interface EpochKeeper {
  /** Resolves when no end is under way any more. */
  close(): Promise<void>;
}

/** Between two attempts to end an epoch that validators did not agree to end. */
const retryMs = 5_000;

/** Ends epochs when their time is over: asks the validators for their word, and writes it to the ledger. */
export function epochKeeper(components: EpochKeeperComponents): EpochKeeper {
  const { ledger, transport, keys, clock } = components;
  const stopped = new AbortController();

  const endEpoch = async (): Promise<void> => {
    const { network, epoch } = ledger.settings();
    const atMs = clock.nowMs();
    const request = encode({ network, epoch, atMs });
    const answers = await Promise.allSettled(
      ledger.validators().map(({ node }) =>
        call(transport, node, protocols.epochEnd, request, epochEndResponseSchema, {
          timeoutMs: 5_000,
          signal: stopped.signal,
        }),
      ),
    );
    const signatures = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value.signature as never] : [],
    );
    await ledger.transact(keys, { kind: 'endEpoch', epoch, atMs, signatures });
  };

  const run = async (): Promise<void> => {
    for (;;) {
      const { epochStartedMs, rules } = ledger.settings();
      const leftMs = epochStartedMs + rules.epochMs - clock.nowMs();
      if (leftMs > 0) {
        // Timers may fire a millisecond early: it looks again.
        await clock.sleep(leftMs, stopped.signal);
        continue;
      }
      try {
        await endEpoch();
      } catch (error) {
        if (stopped.signal.aborted) return;
        components.onWarning(`An epoch could not be ended and will be tried again: ${messageOf(error)}`);
        await clock.sleep(retryMs, stopped.signal);
      }
    }
  };
  const running = run().catch(() => undefined);
  return {
    async close() {
      stopped.abort(new MoeError('market-closed', 'The market is closing.'));
      await running;
    },
  };
}
