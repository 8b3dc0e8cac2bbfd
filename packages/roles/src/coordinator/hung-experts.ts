import { type Clock, type ErrorCode, isMoeError, MoeError, type NodeId } from '@market-of-experts/core';

/** What came of a message: an answer of whatever kind, none in all its time, or nothing can be said. */
export type MessageEnd = 'answered' | 'unanswered' | 'unknown';

/**
 * Experts that are there and do not answer. Each request would wait for one half a minute, with its money held: after some messages
 * in a row without an answer it counts as away for a minute; then one message tries it again.
 */
export interface HungExperts {
  canAsk(worker: NodeId): boolean;
  /** To be told when a message leaves; what it gives, what came of it, once. */
  sent(worker: NodeId): (end: MessageEnd) => void;
}

const unansweredMessages = 3;
const awayMs = 60_000;

interface Silence {
  messages: number;
  sinceMs: number;
  isTried: boolean;
}

export function hungExperts(
  clock: Pick<Clock, 'nowMs'>,
  /** Told when one begins to count as away. */
  onHung: (worker: NodeId) => void,
): HungExperts {
  const silent = new Map<NodeId, Silence>();
  const isHung = ({ messages }: Silence): boolean => messages >= unansweredMessages;
  return {
    canAsk(worker) {
      const silence = silent.get(worker);
      if (silence === undefined || !isHung(silence)) return true;
      return !silence.isTried && clock.nowMs() - silence.sinceMs >= awayMs;
    },
    sent(worker) {
      const before = silent.get(worker);
      const isTrial = before !== undefined && isHung(before);
      if (isTrial) before.isTried = true;
      return (end) => {
        if (end === 'answered') silent.delete(worker);
        const silence = silent.get(worker) ?? { messages: 0, sinceMs: 0, isTried: false };
        if (isTrial) silence.isTried = false;
        if (end !== 'unanswered') return;
        silence.messages += 1;
        silence.sinceMs = clock.nowMs();
        silent.set(worker, silence);
        if (isHung(silence)) onHung(worker);
      };
    },
  };
}

/** After these the expert was not there, or too slow: each text alone would fare no better. */
const awayCodes: ReadonlySet<ErrorCode> = new Set([
  'peer-unreachable',
  'request-timeout',
  'request-aborted',
  'queue-full',
  'unknown-protocol',
]);

export function isAway(error: unknown): error is MoeError {
  return isMoeError(error) && awayCodes.has(error.code);
}

/** Clients that go away before a message's time is over would hide an expert that hangs. */
export function endOf(error: unknown, tookMs: number, withinMs: number): MessageEnd {
  if (isMoeError(error, 'request-timeout')) return 'unanswered';
  if (isMoeError(error, 'request-aborted')) return tookMs >= withinMs / 2 ? 'unanswered' : 'unknown';
  return isAway(error) ? 'unknown' : 'answered';
}

export function leftAlone(): MoeError {
  return new MoeError(
    'peer-unreachable',
    'The expert did not answer for a while. It is asked again in a minute.',
    {
      isRetryable: true,
    },
  );
}
