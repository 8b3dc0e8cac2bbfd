import { type MarketEvent, marketEventSchema, marketEventTypes } from '@market-of-experts/api/events';
import { isMoeError } from '@market-of-experts/core/errors';
import { invalidAnswer } from './errors.ts';
import { type Frame, framesOf } from './event-frames.ts';
import { pause } from './pause.ts';
import type { Requests } from './requests.ts';

export interface FollowOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Goes on after this event, which is the `lastEventId` of each. */
  readonly lastEventId?: string;
}

/** An event, or `reset` where some were missed: read the status again. */
export type FollowedEvent = (MarketEvent | { readonly type: 'reset' }) & {
  /** To go on after it. */
  readonly lastEventId: string | undefined;
};

const maxEventCharacters = 1024 * 1024;
/** The market sends a comment every 15 s. */
const silenceMs = 60_000;
const firstWaitMs = 2_000;
const longestWaitMs = 30_000;

/**
 * What happens in the market, as it happens, until the signal is aborted or the loop is left. A stream that breaks is opened
 * again after the last event. Throws `market-refused` and `invalid-answer`, where another try would be the same.
 */
export async function* followEvents(
  requests: Requests,
  { signal, lastEventId }: FollowOptions = {},
): AsyncGenerator<FollowedEvent, void> {
  let id = lastEventId;
  let waitMs = firstWaitMs;
  let failures = 0;
  while (!signal?.aborted) {
    const broken = new AbortController();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => broken.abort(), silenceMs);
    };
    try {
      const response = await requests.open('/v1/events', {
        signal: signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]),
        headers: { accept: 'text/event-stream', ...(id === undefined ? {} : { 'last-event-id': id }) },
      });
      if (response.body === null || !isEventStream(response))
        throw invalidAnswer(requests.url, 'it sends no events', requests.advice);
      heard();
      for await (const frame of framesOf(response.body, maxEventCharacters, heard)) {
        if (frame === undefined) throw invalidAnswer(requests.url, 'an event is too long', requests.advice);
        failures = 0;
        id = frame.id ?? id;
        waitMs = frame.retryMs ?? waitMs;
        const event = read(frame, requests);
        if (event !== undefined) yield { ...event, lastEventId: id };
        if (signal?.aborted) return;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (isMoeError(error, 'invalid-answer')) throw error;
      if (isMoeError(error, 'market-refused') && !error.isRetryable) throw error;
    } finally {
      clearTimeout(silence);
      broken.abort();
    }
    await pause(Math.min(longestWaitMs, waitMs * 2 ** failures), signal).catch(() => {});
    failures += 1;
  }
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false;
}

/** Undefined for what is no event, or one that a newer market has. */
function read(
  { event, data }: Frame,
  { url, advice }: Requests,
): MarketEvent | { type: 'reset' } | undefined {
  if (event === 'reset') return { type: 'reset' };
  if (data === undefined || !marketEventTypes.has(event ?? '')) return undefined;
  try {
    return marketEventSchema.parse(JSON.parse(data));
  } catch {
    throw invalidAnswer(url, `an event ${event} is not well-formed`, advice);
  }
}
