import type { AccountId, NodeId } from '@market-of-experts/core';
import { numbersAnswer, sequenceTask } from '@market-of-experts/testing/sequence-task';
import { describe, expect, it } from 'vitest';
import { type Certificate, certificateSchema } from '../../src/job/certificate.ts';
import { certifyJob } from '../../src/job/certify.ts';
import type { Transcript } from '../../src/job/messages.ts';
import { openReveal } from '../../src/job/phases.ts';
import { replayTranscript, verifyTranscriptSignatures } from '../../src/job/replay.ts';
import { applyTransaction } from '../../src/ledger/apply.ts';
import { emptyState, type LedgerState, totalMicro } from '../../src/ledger/state/state.ts';
import { signConsent } from '../../src/ledger/transaction/authority.ts';
import type { Action } from '../../src/ledger/transaction/transaction.ts';
import { certificateEffects } from '../../src/settlement/effects.ts';
import { netSettlement } from '../../src/settlement/netting.ts';
import type { Answer } from '../../src/tasks/task.ts';
import { fixtureJob, keysOf, keysOfNode, ownerOf, roster } from '../job/job-fixture.ts';
import { genesis, heartbeat, registerValidator, settle, transactionFrom } from '../ledger/ledger-fixture.ts';

const standing = () => ({ global: { jobs: 0, excessUnits: 0 }, place: { jobs: 0, excessUnits: 0 } });
const datum = '2 4 6 8 10';
const question = sequenceTask.question([datum], '', roster.parameters, [])!;
const hidden = Number(question.second[0]);
const drawn = fixtureJob(datum);
/** How far off the members guess: the second knows, the fourth did not look at the whole. */
const errors = [3, 0, 5, 7, 40, 0];
const liar = drawn.members[3]!;
const job = fixtureJob(datum, {}, new Map(), (node) => {
  const guess = hidden + errors[drawn.seats.indexOf(node)]!;
  return numbersAnswer(guess, node === liar ? hidden + 1 : hidden, hidden + 2);
});
const certify = async (transcript: Transcript) => {
  await verifyTranscriptSignatures(transcript);
  return certifyJob(replayTranscript(transcript, roster), transcript, { task: sequenceTask, standing });
};

describe('a market of another kind than text embeddings', () => {
  it('cuts its data in its own way', () => {
    expect(question).toMatchObject({ first: ['2 4 6 8'], second: ['10', datum] });
    expect(sequenceTask.question(['2 4'], '', roster.parameters, [])).toBeUndefined();
  });

  it('is certified by the same machine: seals, cut, reveals, losses, winner', async () => {
    const body = await certify(job.transcript());
    expect(body.members.map(({ outcome, losses: [loss] }) => [outcome, loss])).toEqual([
      ['scored', [3, 16]],
      ['scored', [0, 16]],
      ['scored', [5, 16]],
      ['outlier', [7, 16]],
      ['scored', [16, 16]],
      ['scored', [0, 16]],
    ]);
    // The newcomer guesses as well, and cannot win.
    expect(body.data[0]!.winner).toBe(job.members[1]);
    expect([body.place, ...body.data[0]!.vector]).toEqual([job.members.length, 1]);
    expect(body.data[0]!.feeMicro).toBe(10_000n);
  });

  it('punishes what was not sealed, and what is no answer of the kind', async () => {
    const [a, b] = job.members as [NodeId, NodeId];
    const lies = new Map<NodeId, Partial<Answer>>([
      [a, numbersAnswer(hidden, hidden, hidden + 2)],
      [b, { second: [new Uint8Array(64)] }],
    ]);
    const transcript = job.transcript();
    const body = await certify({
      ...transcript,
      reveals: transcript.reveals.map((reveal) =>
        lies.has(reveal.principal) ? job.reveal(reveal.principal, lies.get(reveal.principal)) : reveal,
      ),
      arrivals: job.witnesses.map((witness) =>
        job.arrival(witness, { stage: 'reveal', principals: job.seats }),
      ),
    });
    expect(body.members.slice(0, 2).map(({ outcome }) => outcome)).toEqual(['wrong-reveal', 'wrong-reveal']);
    expect(body.data[0]!.winner).toBe(job.members[2]);
  });

  it('opens its seals', () => {
    const transcript = job.transcript();
    const closed = replayTranscript(transcript, roster);
    for (const reveal of closed.reveals)
      expect(openReveal(closed, reveal, transcript.question, sequenceTask)).toBeDefined();
  });

  it('is settled: the winner is paid', async () => {
    const transcript = job.transcript();
    const certificate: Certificate = certificateSchema.parse({
      body: await certify(transcript),
      signatures: [],
    });
    const state = ledgerWithRoster();
    const total = totalMicro(state);
    const winner = roster.experts.find(({ node }) => node === certificate.body.data[0]!.winner)!;
    const balanceOf = (account: AccountId): bigint => state.accounts.get(account)!.balanceMicro;
    const before = balanceOf(winner.owner);
    const body = netSettlement([certificateEffects(certificate, 0, roster)], {
      network: roster.network,
      market: roster.market,
      batch: 0,
      gateway: job.order.body.coordinator,
      by: job.order.body.coordinator,
      nextOrderSeq: () => 0,
    });
    expect(applyTransaction(state, transactionFrom(state, 'market-owner', settle(body, 'v1')))).toEqual({
      applied: true,
    });
    expect(balanceOf(winner.owner) - before).toBe(9_800n);
    expect(body.slashes).toEqual([{ node: liar, amountMicro: 1_000n }]);
    expect(totalMicro(state) + state.network.get('network')!.burntMicro).toBe(total);
  });
});

/** A ledger on which the experts of the job are registered, and its client has locked money for the coordinator. */
function ledgerWithRoster(): LedgerState {
  const state = emptyState();
  const base = genesis();
  const accounts = [ownerOf('client').address, ...new Set(roster.experts.map(({ owner }) => owner))];
  const balances = [...base.balances, ...accounts.map((account) => ({ account, amountMicro: 2_000_000n }))];
  expect(applyTransaction(state, { ...base, balances })).toEqual({ applied: true });
  const act = (from: AccountId, action: Action) => {
    const nonce = state.accounts.get(from)!.nonce;
    const outcome = applyTransaction(state, { ...action, network: roster.network, from, nonce } as never);
    expect(outcome).toEqual({ applied: true });
  };
  for (const { node, owner, stakeMicro, askMicroPerKilobyte, askBps } of roster.experts)
    act(owner, {
      kind: 'registerExpert',
      market: roster.market,
      node,
      name: `expert ${node.slice(0, 8)}`,
      stakeMicro,
      depositMicro: 0n,
      askMicroPerKilobyte,
      askBps,
      consent: signConsent(keysOfNode.get(node)!, roster.network, owner),
    });
  const gateway = keysOf('coordinator').publicKey as NodeId;
  act(ownerOf('client').address, { kind: 'lock', market: roster.market, gateway, amountMicro: 500_000n });
  expect(
    applyTransaction(
      state,
      transactionFrom(state, 'market-owner', registerValidator('market-owner', 'v1', 1_000n)),
    ),
  ).toEqual({ applied: true });
  expect(applyTransaction(state, heartbeat(state, 'v1'))).toEqual({ applied: true });
  return state;
}
