import { type Clock, type Hash, hashOf, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { routedOrderDomain, spendableMicro, type TallyBody, tallyDomain } from '@market-of-experts/protocol';
import type { z } from 'zod';
import { assertEndsSoon, assertPayable } from '../job/payable-order.ts';
import { refuse, serve } from '../messages/messaging.ts';
import { protocols, routeRequestSchema, tallyRequestSchema } from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { TaskSkill } from '../tasks/task-skill.ts';
import type { MarketView } from '../view/market-view.ts';
import { routedWork } from './routed-work.ts';
import { type ExpertStatements, statedAnswers } from './stated-answers.ts';

const maxTallies = 4_096;

/**
 * The expert's side of routed mode: answers at once, each list signed, under an order that its client has signed and can pay, and later
 * signs how much it has answered.
 */
export function serveRouted(
  signer: GuardedSigner,
  components: {
    readonly transport: Transport;
    readonly skill: Pick<TaskSkill, 'name' | 'answerAll'>;
    readonly view: MarketView;
    readonly clock: Clock;
    readonly statements?: ExpertStatements;
  },
): void {
  const { transport, skill, view, clock, statements } = components;
  const self = signer.node;
  const work = routedWork(clock);
  const stated = statedAnswers({ signer, skill, view, statements });
  /** Tallies signed lately, by order: asked again for the same, the expert signs again. */
  const tallies = new Map<string, Hash>();

  /** Signature and money are looked at once for each order: its other texts only name it. */
  const assertOpen = async (
    { by, body, signature }: z.infer<typeof routeRequestSchema>['order'],
    from: NodeId,
  ): Promise<void> => {
    const known = work.signatureOf(body);
    if (known !== undefined) {
      if (Buffer.compare(known, signature) !== 0) refuse('Another order with this number is open.');
      return;
    }
    if (from !== body.coordinator || by !== body.client || body.worker !== self)
      refuse(
        'An order for routed work is signed by its client, for this expert, and brought by its coordinator.',
      );
    const roster = view.rosterOf(body.roster) ?? refuse('The roster of the order is not known here.');
    assertPayable(view, roster, [body], clock.nowMs());
    assertEndsSoon(roster, [body], clock.nowMs());
    if (tallies.has(`${body.client}/${body.clientSeq}`)) refuse('The order is tallied already.');
    if (!(await verifyBodyAsync(routedOrderDomain, { by, body, signature })))
      refuse('The signature of the order is not valid.');
    if (work.signatureOf(body) === undefined)
      work.open(body, signature, roster, view.leastPriceMillionths(self));
  };

  serve(transport, protocols.route, routeRequestSchema, async ({ order, texts }, from, signal) => {
    if (from !== order.body.coordinator) refuse('An order is brought by its coordinator.');
    await assertOpen(order, from);
    work.assertCovered(order.body, texts, spendableMicro(view.prepaid(order.body.client)));
    const answer = await stated({ network: order.body.network, market: order.body.market }, texts, signal);
    // What it has nothing to say to, nobody pays for.
    const answered = texts.filter((_, index) => !view.task.isNothing(answer.vectors[index]!));
    work.record(order.body, answered);
    return answer;
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
    return { tally: signer.sign(tallyDomain, body) };
  });
}
