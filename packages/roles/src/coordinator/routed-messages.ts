import { type Amount, encode, isMoeError, MoeError, type NodeId } from '@market-of-experts/core';
import type { ModelVersion } from '@market-of-experts/protocol';
import { previewOf } from '@market-of-experts/receipts/preview';
import { call } from '../messages/messaging.ts';
import { maxRoutedBytes, protocols, routeResponseSchema } from '../messages/protocols.ts';
import type { Hold } from './client-orders.ts';
import { endOf, hungExperts, isAway, leftAlone, type MessageEnd } from './hung-experts.ts';
import { addItem, type RoutedSession } from './routed-session.ts';
import type { RoutedTallies, RoutingComponents } from './routed-tallies.ts';
import type { StatementChecker } from './statements/statement-checker.ts';
import type { TextRequest } from './text-request.ts';
import { type Caller, Turns } from './turns.ts';

/** A text to be answered by one expert. */
export interface RoutedText {
  readonly request: Pick<TextRequest, 'account' | 'text' | 'kind' | 'isTextPublic' | 'signal' | 'caller'>;
  readonly bytes: number;
  readonly feeMicro: Amount;
  /** Where the fee is set aside until the text is ordered. */
  readonly money: Hold;
  /** Whether these bytes are an answer of this expert under this version. Never throws; what is none is not paid for. */
  readonly isAnswer: (answer: Uint8Array, version: ModelVersion) => boolean;
}

export interface RoutedAnswer {
  readonly answer: Uint8Array;
  /** Of the work that is paid for; undefined where the expert had nothing to say. */
  readonly receiptId: string | undefined;
}

/** Carries texts to experts, those of one client for one expert together. */
export interface RoutedMessages {
  /** False while an expert that answered nothing for a while is left alone. */
  canAsk(worker: NodeId): boolean;
  /**
   * Rejects with what the expert answered, `peer-unreachable` for one that is left alone, `insufficient-funds`, or the reason of the
   * request's abort.
   */
  ask(worker: NodeId, text: RoutedText): Promise<RoutedAnswer>;
}

/** Fewer than an expert takes: a batch must be done well within its time, and others' texts wait for its end. */
const maxTexts = 64;
/** Messages under way from one client to one expert; what comes meanwhile makes the next batches. */
const maxMessages = 4;
/** A slow expert is waited for: without its part a vector is another one. An order is tallied within a minute. */
const timeoutMs = 30_000;
const timeoutPerTextMs = 250;
interface Item extends RoutedText {
  readonly caller: Caller;
  /** A message that held it failed: it must not make others fail again. */
  isAlone: boolean;
  readonly resolve: (answer: RoutedAnswer) => void;
  /** Does nothing once it is settled. */
  readonly reject: (error: unknown) => void;
}

/** What waits for one expert on behalf of one client. */
interface Lane {
  readonly worker: NodeId;
  readonly waiting: Turns<Item>;
  messages: number;
  isWoken: boolean;
}

/**
 * The first text goes at once, with all that come in the same turn; while messages are under way, what comes is collected. So
 * a text alone waits for nothing, and two thousand take few messages, of which the transport allows 256 to a peer.
 */
export function routedMessages(
  components: RoutingComponents,
  tallies: RoutedTallies,
  statements: Pick<StatementChecker, 'check'>,
): RoutedMessages {
  const { transport, orders, random, clock, view } = components;
  const lanes = new Map<string, Lane>();
  const hung = hungExperts(clock, (worker) => {
    for (const lane of lanes.values())
      while (lane.worker === worker && lane.waiting.size > 0) lane.waiting.shift()!.reject(leftAlone());
  });

  const wake = (key: string, lane: Lane): void => {
    if (lane.isWoken) return;
    lane.isWoken = true;
    queueMicrotask(() => {
      lane.isWoken = false;
      while (lane.messages < maxMessages && lane.waiting.size > 0) {
        lane.messages += 1;
        void send(lane, takeBatch(lane.waiting)).finally(() => {
          lane.messages -= 1;
          wake(key, lane);
        });
      }
      if (lane.messages === 0 && lane.waiting.size === 0) lanes.delete(key);
    });
  };

  /** Never rejects: what goes wrong is told to whom it concerns. */
  const send = async (lane: Lane, batch: readonly Item[]): Promise<void> => {
    const items = new Set(batch.filter(({ request }) => !request.signal.aborted));
    let session: RoutedSession;
    try {
      if (items.size === 0) return;
      if (!hung.canAsk(lane.worker)) throw leftAlone();
      for (const { money, feeMicro } of items) money.release(feeMicro);
      session = tallies.open(batch[0]!.request, lane.worker, items.size);
    } catch (error) {
      for (const { reject } of items) reject(error);
      return;
    }
    for (const item of items)
      try {
        // Money first: an account without any is told so before anybody works for it.
        orders.extend(session.order, item.feeMicro);
      } catch (error) {
        items.delete(item);
        item.reject(error);
      }
    if (items.size === 0) return;
    session.inFlight += items.size;
    const sent = [...items];
    /** For these nobody waits any more, and nothing is charged. */
    const stop = new AbortController();
    const leave = (item: Item): void => {
      if (!items.delete(item)) return;
      orders.extend(session.order, -item.feeMicro);
      if (items.size === 0) stop.abort();
    };
    const listeners = sent.map((item) => () => leave(item));
    for (const [index, { request }] of sent.entries())
      request.signal.addEventListener('abort', listeners[index]!, { once: true });
    const sentMs = clock.nowMs();
    const withinMs = timeoutMs + timeoutPerTextMs * (sent.length - 1);
    const ended = hung.sent(lane.worker);
    let end: MessageEnd = 'answered';
    try {
      const message = encode({ order: session.signed, texts: sent.map(({ request }) => request.text) });
      const response = await call(transport, lane.worker, protocols.route, message, routeResponseSchema, {
        timeoutMs: withinMs,
        signal: stop.signal,
      });
      const { vectors } = response;
      if (vectors.length !== sent.length) throw badAnswer(`${vectors.length} times for ${sent.length} texts`);
      const texts = sent.map(({ request }) => request.text);
      const { version } = await statements.check(lane.worker, texts, response, mayBeShown(batch[0]!.request));
      for (const [index, item] of sent.entries())
        if (items.has(item)) accept(session, item, vectors[index]!, version);
    } catch (error) {
      end = endOf(error, clock.nowMs() - sentMs, withinMs);
      // What an expert does not stand by, it would not alone either.
      for (const item of [...items])
        if (sent.length > 1 && !isAway(error) && !isMoeError(error, 'bad-signature')) {
          item.isAlone = true;
          leave(item);
          item.money.restore(item.feeMicro);
          lane.waiting.push(item.caller, item);
        } else item.reject(error);
    } finally {
      ended(end);
      for (const [index, { request }] of sent.entries())
        request.signal.removeEventListener('abort', listeners[index]!);
      // What is charged is in the tally by now.
      for (const item of [...items]) leave(item);
      session.inFlight -= sent.length;
      if (session.inFlight === 0) session.onDrained?.();
    }

    function accept(into: RoutedSession, item: Item, answer: Uint8Array, version: ModelVersion): void {
      if (!item.isAnswer(answer, version)) return item.reject(badAnswer('what is no answer of its'));
      if (view.task.isNothing(answer)) return item.resolve({ answer, receiptId: undefined });
      items.delete(item);
      const { text } = item.request;
      if (into.preview === '') into.preview = previewOf(text);
      item.resolve({
        answer,
        receiptId: addItem(into, text, random.bytes(16), item.bytes, answer, item.feeMicro),
      });
    }
  };

  return {
    canAsk: hung.canAsk,
    ask: async (worker, text) => {
      if (!hung.canAsk(worker)) throw leftAlone();
      const { account, kind, isTextPublic, signal, caller = Symbol('alone') } = text.request;
      const key = `${account}/${worker}/${kind}/${isTextPublic}`;
      const lane = lanes.get(key) ?? { worker, waiting: new Turns<Item>(), messages: 0, isWoken: false };
      lanes.set(key, lane);
      return new Promise<RoutedAnswer>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const settle = (): void => signal.removeEventListener('abort', onAbort);
        const item: Item = {
          ...text,
          caller,
          isAlone: false,
          resolve: (answer) => {
            settle();
            resolve(answer);
          },
          reject: (error) => {
            settle();
            reject(error);
          },
        };
        const onAbort = (): void => {
          lane.waiting.delete(caller, item);
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        lane.waiting.push(caller, item);
        wake(key, lane);
      });
    },
  };
}

/** The next message: as many as it may hold, the callers' in turn. */
function takeBatch(waiting: Turns<Item>): Item[] {
  const batch = [waiting.shift()!];
  if (batch[0]!.isAlone) return batch;
  let bytes = batch[0]!.bytes;
  for (let next = waiting.peek(); next !== undefined && !next.isAlone; next = waiting.peek()) {
    bytes += next.bytes;
    if (batch.length >= maxTexts || bytes > maxRoutedBytes / 4) break;
    batch.push(waiting.shift()!);
  }
  return batch;
}

/** What can be evidence for everybody to see: the house's own texts, and those that a client has published. */
function mayBeShown({ kind, isTextPublic }: RoutedText['request']): boolean {
  return kind === 'house' || isTextPublic;
}

function badAnswer(what: string): MoeError {
  return new MoeError('backend-invalid-output', `The expert answered ${what}.`);
}
