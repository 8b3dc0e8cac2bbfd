import { encode, MoeError, messageOf, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import { type RoutedTally, tallyDomain, tallyEffects } from '@market-of-experts/protocol';
import { call } from '../messages/messaging.ts';
import { protocols, tallyResponseSchema } from '../messages/protocols.ts';
import type { OrderedText, OrderRecords } from './records.ts';
import {
  drained,
  maxItemsPerTally,
  openSession,
  type RoutedSession,
  signTally,
  tallyAfterMs,
  tallyBodyOf,
} from './routed-session.ts';
import type { ServingComponents, TextRequest } from './text-request.ts';

export interface RoutingComponents extends ServingComponents {
  readonly records: OrderRecords;
  readonly onWarning: (message: string) => void;
}

/** Tallies of routed work: opened when there is some, closed when full or old, signed by the expert, kept. */
export interface RoutedTallies {
  /** The open tally of a client with a worker, or a new one, with room for so many texts. Throws `peer-unreachable`. */
  open(
    request: Pick<TextRequest, 'account' | 'kind' | 'isTextPublic'>,
    worker: NodeId,
    texts: number,
  ): RoutedSession;
  /** Tallies that are still open, or being signed and kept: nothing else tells of their receipts yet. */
  openSessions(): readonly RoutedSession[];
  /** Closes all tallies and waits for them. */
  close(): Promise<void>;
}

export function routedTallies(components: RoutingComponents): RoutedTallies {
  const { market, transport, view, ledger, orders, records, clock } = components;
  const sessions = new Map<string, RoutedSession>();
  /** The last roster that had an expert: one that steps out of exams for a while serves on. */
  const rosters = new Map<NodeId, ReturnType<typeof view.current>>();
  /** Tallies being signed and kept. */
  const closing = new Map<RoutedSession, Promise<void>>();

  const open: RoutedTallies['open'] = ({ account, kind, isTextPublic }, worker, texts) => {
    const key = `${account}/${worker}/${kind}/${isTextPublic}`;
    const known = sessions.get(key);
    // Texts under way will be in it too.
    if (known !== undefined && known.items.length + known.inFlight + texts <= maxItemsPerTally) return known;
    if (known !== undefined) void closeSession(key, known);
    const current = view.current();
    if (current.roster.experts.some(({ node }) => node === worker)) rosters.set(worker, current);
    const roster = rosters.get(worker);
    if (roster === undefined || view.rosterOf(roster.hash) === undefined)
      throw new MoeError('peer-unreachable', 'The expert is in no roster.', { isRetryable: true });
    const order = orders.take(account, 0n);
    const opened = openSession(ledger.network, market, order, worker, { kind, isTextPublic }, roster, {
      clock,
      coordinator: transport.self,
      maxFeeMicro: orders.coverMicro(account),
    });
    sessions.set(key, opened);
    void clock.sleep(tallyAfterMs).then(() => closeSession(key, opened));
    return opened;
  };

  const closeSession = (key: string, session: RoutedSession): Promise<void> => {
    if (sessions.get(key) === session) sessions.delete(key);
    if (session.isClosed) return Promise.resolve();
    session.isClosed = true;
    const task = tallySession(session)
      .catch((error: unknown) => components.onWarning(`A tally could not be kept: ${messageOf(error)}`))
      .finally(() => closing.delete(session));
    closing.set(session, task);
    return task;
  };

  const tallySession = async (session: RoutedSession): Promise<void> => {
    await drained(session);
    const { order, items, kind, isTextPublic, preview, salts, worker } = session;
    const text: OrderedText = { kind, isTextPublic, preview, salts };
    if (items.length === 0) return records.keepVoid(order, 'Nothing was served under this order.', text);
    const body = tallyBodyOf(session, ledger.network, market);
    const client = signTally(order.keys, body);
    const { roster, hash } = session;
    let signed: RoutedTally['worker'];
    try {
      signed = await countersigned(worker, client);
    } catch (error) {
      // An expert that does not sign for its work is not paid for it; the client is not charged.
      await records.keepVoid(order, `The expert did not sign the tally: ${messageOf(error)}`, text);
      return;
    }
    components.keepRoster(hash);
    orders.decide(order, body.feeMicro);
    await records.keep(session.id, {
      ...text,
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

  return {
    open,
    openSessions: () => [...sessions.values(), ...closing.keys()],
    async close() {
      for (const [key, session] of sessions) void closeSession(key, session);
      await Promise.all(closing.values());
    },
  };
}
