import { encode, signBody } from '@market-of-experts/core';
import {
  type Certificate,
  certificateDomain,
  certificateEffects,
  netSettlement,
  signedForm,
} from '@market-of-experts/protocol';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { sequenceSkill, sequenceTask } from '@market-of-experts/testing/sequence-task';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ShardOutcome } from '../../src/coordinator/shard-job.ts';
import { call } from '../../src/messages/messaging.ts';
import { protocols } from '../../src/messages/protocols.ts';
import { settlementResponseSchema } from '../../src/messages/settlement-request.ts';

let market: FixedMarket;
beforeEach(() => {
  market = fixedMarket({
    parameters: { ...smallParameters, shardSize: 5 },
    experts: 6,
    validators: 1,
    kind: { task: sequenceTask, skill: () => sequenceSkill(1) },
  });
});
afterEach(() => market.close());

/** Asks the validator to settle one order of the job by this certificate. */
const settle = ({ transcript }: ShardOutcome, certificate: Certificate, datum: number) => {
  const settlement = netSettlement([certificateEffects(certificate, datum, market.roster)], {
    network: market.roster.network,
    market: market.roster.market,
    batch: market.due.batch,
    gateway: market.coordinator.node,
    by: market.coordinator.node,
    nextOrderSeq: () => 0,
  });
  const proof = {
    kind: 'certificate',
    certificate,
    data: [datum],
    tickets: transcript.tickets,
    roster: market.rosterHash,
  };
  return call(
    market.coordinator.transport,
    market.validators[0]!.node,
    protocols.settle,
    encode({ settlement, proofs: [proof] }),
    settlementResponseSchema,
    { timeoutMs: 5_000 },
  );
};

it('a gateway settles all orders of a job by one certificate, though the witnesses have signed two', async () => {
  const outcome = await market.runBatch({ alice: '1 2 3 4', bob: '2 4 6 8', carol: '3 6 9 12' });
  const body = {
    ...outcome.certificate.body,
    data: outcome.certificate.body.data.map((datum) => ({
      ...datum,
      winner: outcome.certificate.body.members.at(1)!.principal,
    })),
  };
  const { keys, node } = market.validators[0]!;
  const { signature } = signBody(keys, certificateDomain, signedForm(body));
  const other: Certificate = { body, signatures: [{ by: node, signature }] };
  await settle(outcome, other, 0);
  market.due.batch = 1;
  await expect(settle(outcome, outcome.certificate, 1)).rejects.toThrow(/settled by another certificate/);
  await settle(outcome, other, 1);
  market.due.batch = 2;
  await expect(settle(outcome, outcome.certificate, 2)).rejects.toThrow(/settled by another certificate/);
  await settle(outcome, other, 2);
});
