import { type KeyPair, messageOf, type NodeId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { attendanceOf } from '@market-of-experts/protocol';

export interface AttendanceComponents {
  readonly keys: KeyPair;
  readonly ledger: Ledger;
  readonly onWarning: (message: string) => void;
}

export interface Attendant {
  /** Resolves when the ledger has the sign of life that is due, if one is. Never rejects. */
  answered(): Promise<void>;
  /** Answers no more; resolves when nothing is under way. */
  close(): Promise<void>;
}

/**
 * A validator's answers to the ledger's question who is there (`attendance.ts` of the rules): one when it begins, one to each
 * roll call, and one when its registration or its new key comes later than it does.
 */
export function attendRollCalls({ keys, ledger, onWarning }: AttendanceComponents): Attendant {
  const self = keys.publicKey as NodeId;
  const isDue = (): boolean => {
    const validator = ledger.validator(self);
    if (validator === undefined || validator.leavesAtEpoch !== undefined) return false;
    return attendanceOf(validator) !== 'present' || validator.seen!.call < ledger.settings().rollCall.number;
  };
  const answer = async (): Promise<void> => {
    if (!isDue()) return;
    try {
      await ledger.transact(keys, { kind: 'heartbeat', call: ledger.settings().rollCall.number });
    } catch (error) {
      // Something else that it signed may have said it meanwhile.
      if (isDue()) onWarning(`A validator could not say that it is there: ${messageOf(error)}`);
    }
  };
  let running = Promise.resolve();
  const answered = (): Promise<void> => {
    running = running.then(answer);
    return running;
  };
  const unsubscribe = ledger.onApplied(({ transaction: tx }) => {
    const isAsked =
      tx.kind === 'rollCall' ||
      (tx.kind === 'registerValidator' && tx.node === self) ||
      (tx.kind === 'rotate' && tx.next === self);
    if (isAsked) void answered();
  });
  return {
    answered,
    async close() {
      unsubscribe();
      await running;
    },
  };
}
