import { type Hash, hashOf, type KeyPair, type NodeId, signBody, verifyBodyAsync } from '@moe/core';
import type { ExpertBackend } from '@moe/experts';
import type { Transport } from '@moe/network';
import { float32Bytes, type TallyBody, tallyDomain } from '@moe/protocol';
import type { MarketView } from '../market/market-view.ts';
import { refuse, serve } from '../market/messaging.ts';
import { protocols, routeRequestSchema, tallyRequestSchema } from '../protocols.ts';
import { routedWork } from './routed-work.ts';
import { assertMarketVectors } from './sealing.ts';

const maxTallies = 4_096;

/** The expert's side of routed mode: answers at once, and later signs how much it has answered. */
export function serveRouted(
  keys: KeyPair,
  components: { readonly transport: Transport; readonly backend: ExpertBackend; readonly view: MarketView },
): void {
  const { transport, backend, view } = components;
  const self = keys.publicKey as NodeId;
  const work = routedWork();
  /** Tallies signed lately, by order: asked again for the same, the expert signs again. */
  const tallies = new Map<string, Hash>();

  serve(transport, protocols.route, routeRequestSchema, async ({ texts }, from, signal) => {
    const vectors = await backend.embed(texts, { signal });
    assertMarketVectors(vectors, texts.length, view.current().roster.parameters);
    work.record(from, texts);
    return { vectors: vectors.map(float32Bytes) };
  });

  serve(transport, protocols.tally, tallyRequestSchema, async ({ tally }, from) => {
    const body: TallyBody = tally.body;
    if (tally.by !== body.client || body.worker !== self || !(await verifyBodyAsync(tallyDomain, tally)))
      refuse('The tally is not signed by its client, or is for another expert.');
    const order = `${body.client}/${body.clientSeq}`;
    const hash = hashOf(tallyDomain, body);
    const signed = tallies.get(order);
    if (signed === undefined) {
      work.settle(from, body);
      tallies.set(order, hash);
      if (tallies.size > maxTallies) tallies.delete(tallies.keys().next().value!);
    } else if (signed !== hash) refuse('This expert has signed another tally of the order.');
    return { tally: signBody(keys, tallyDomain, body) };
  });
}
