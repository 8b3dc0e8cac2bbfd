import { encode, isMoeError, MoeError, messageOf, type NodeId, verifyBodyAsync } from '@moe/core';
import { float32FromBytes, isUnitVector, type RoutedTally, tallyDomain, tallyEffects } from '@moe/protocol';
import { call } from '../market/messaging.ts';
import type { EmbeddedText } from '../market-service.ts';
import { protocols, routeResponseSchema, tallyResponseSchema } from '../protocols.ts';
import { previewOf, type Records } from './records.ts';
import {
  addItem,
  drained,
  maxItemsPerTally,
  openSession,
  type RoutedSession,
  signTally,
  tallyAfterMs,
  tallyBodyOf,
} from './routed-session.ts';
import { feeWithin, type ServingComponents, type TextRequest } from './text-request.ts';

export interface RoutingComponents extends ServingComponents {
  readonly records: Records;
  readonly onWarning: (message: string) => void;
}

/** Routed mode: one round trip to the historically best expert; work is signed for together, in tallies. */
export interface Routing {
  /** Asks the first of these experts, the next when one does not answer. */
  route(request: TextRequest, bytes: number, experts: readonly NodeId[]): Promise<EmbeddedText>;
  /** Tallies that are still open. */
  openSessions(): readonly RoutedSession[];
  /** Closes all tallies and waits for them. */
  close(): Promise<void>;
}

/** Experts that are asked one after the other before a request fails. */
const maxExpertsAsked = 3;

export function createRouting(components: RoutingComponents): Routing {
  const { market, transport, view, ledger, orders, records, clock } = components;
  const sessions = new Map<string, RoutedSession>();
  const closing = new Set<Promise<void>>();

  /** The open tally of a client with a worker, or a new one. */
  const sessionOf = (request: TextRequest, worker: NodeId): RoutedSession => {
    const key = `${request.account}/${worker}/${request.kind}`;
    let session = sessions.get(key);
    if (session === undefined || session.items.length >= maxItemsPerTally) {
      if (session !== undefined) void closeSession(key, session);
      session = openSession(
        ledger.network,
        market,
        orders.take(request.account, 0n),
        worker,
        request.kind,
        view.current(),
        clock,
      );
      const opened = session;
      sessions.set(key, opened);
      void clock.sleep(tallyAfterMs).then(() => closeSession(key, opened));
    }
    return session;
  };

  const closeSession = (key: string, session: RoutedSession): Promise<void> => {
    if (sessions.get(key) === session) sessions.delete(key);
    if (session.isClosed) return Promise.resolve();
    session.isClosed = true;
    const task = tallySession(session)
      .catch((error: unknown) => components.onWarning(`A tally could not be kept: ${messageOf(error)}`))
      .finally(() => closing.delete(task));
    closing.add(task);
    return task;
  };

  const tallySession = async (session: RoutedSession): Promise<void> => {
    await drained(session);
    const { order, items, kind, preview, worker } = session;
    if (items.length === 0)
      return records.keepVoid(order, 'Nothing was served under this order.', { kind, preview });
    const body = tallyBodyOf(session, ledger.network, market);
    const client = signTally(order.keys, body);
    const { roster, hash } = session;
    let signed: RoutedTally['worker'];
    try {
      signed = await countersigned(worker, client);
    } catch (error) {
      // An expert that does not sign for its work is not paid for it; the client is not charged.
      await records.keepVoid(order, `The expert did not sign the tally: ${messageOf(error)}`, {
        kind,
        preview,
      });
      return;
    }
    components.keepRoster(hash);
    orders.decide(order, body.feeMicro);
    await records.keep(session.id, {
      kind,
      preview,
      proof: { kind: 'tally', tally: { client, worker: signed }, roster: hash },
      effects: tallyEffects(body, roster),
      items,
      atMs: session.openedMs,
      durationMs: clock.nowMs() - session.openedMs,
    });
  };

  /** The tally signed by the expert too. Checked here: one bad signature would hold up a whole settlement. */
  const countersigned = async (
    worker: NodeId,
    client: RoutedTally['client'],
  ): Promise<RoutedTally['worker']> => {
    const request = encode({ tally: client });
    const { tally } = await call(transport, worker, protocols.tally, request, tallyResponseSchema, {
      timeoutMs: 5_000,
    });
    const signed = { body: client.body, by: worker, signature: tally.signature };
    if (!(await verifyBodyAsync(tallyDomain, signed)))
      throw new MoeError('bad-signature', 'Its signature is not valid.');
    return signed;
  };

  const route: Routing['route'] = async (request, bytes, experts) => {
    const feeMicro = feeWithin(request, bytes, view);
    const encoded = encode({ texts: [request.text] });
    let lastError: unknown;
    for (const worker of experts.slice(0, maxExpertsAsked)) {
      // Money first: an account without any is told so before anybody works for it.
      const session = sessionOf(request, worker);
      orders.extend(session.order, feeMicro);
      session.inFlight += 1;
      try {
        const { vectors } = await call(transport, worker, protocols.route, encoded, routeResponseSchema, {
          timeoutMs: 15_000,
          signal: request.signal,
        });
        const bytesOfVector = vectors[0];
        if (
          bytesOfVector === undefined ||
          bytesOfVector.length !== 4 * view.current().roster.parameters.dimensions
        )
          throw new MoeError('backend-invalid-output', 'The expert answered something else than one vector.');
        const vector = float32FromBytes(bytesOfVector);
        if (!isUnitVector(vector))
          throw new MoeError('backend-invalid-output', 'The expert answered no unit vector.');
        if (session.preview === '') session.preview = previewOf(request.text);
        const receiptId = addItem(session, request.text, bytes, bytesOfVector, feeMicro);
        return {
          vector,
          receiptId,
          mode: 'route',
          feeMicro,
          tokens: components.countTokens(request.text),
        };
      } catch (error) {
        orders.extend(session.order, -feeMicro);
        if (request.signal.aborted || isMoeError(error, 'insufficient-funds')) throw error;
        lastError = error;
      } finally {
        session.inFlight -= 1;
        if (session.inFlight === 0) session.onDrained?.();
      }
    }
    throw new MoeError('no-quorum', 'No expert answered. Nothing was charged. Try again.', {
      isRetryable: true,
      cause: lastError,
    });
  };

  return {
    route,
    openSessions: () => [...sessions.values()],
    async close() {
      for (const [key, session] of sessions) void closeSession(key, session);
      await Promise.all(closing);
    },
  };
}
