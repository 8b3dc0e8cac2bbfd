/** A client and a gateway of the adversary's own: jobs that are paid for and run against the rules. */

import { decode, encode, type NodeId, signBody, systemRandom } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  certificateEffects,
  type Effects,
  type NodeSignature,
  netSettlement,
  orderDomain,
  type SettlementBody,
  saltedDataHash,
  signSettlement,
  type VoidBody,
  voidEffects,
} from '@market-of-experts/protocol';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { runShardJob } from '@market-of-experts/roles/coordinator/shard-job';
import { protocols } from '@market-of-experts/roles/messages/protocols';
import { settlementResponseSchema } from '@market-of-experts/roles/messages/settlement-request';
import { textAbout } from '@market-of-experts/testing/text-about';
import { z } from 'zod';
import { withRequest } from '../late/coordinators.ts';
import type { World } from './world.ts';

interface Decision {
  readonly proof: SettlementProof;
  readonly effects: Effects;
}

/** What the adversary's gateway has to settle: each order with every outcome that he could get for it. */
export interface CrookedGateway {
  runJob(): Promise<void>;
  /** Proposes a settlement of the ledger's next number, or of another, and submits what comes of it. */
  settle(): Promise<void>;
  /** Orders that are open. */
  open(): number;
}

const lifetimeMs = 60_000;

export function crookedGateway(world: World): CrookedGateway {
  const { market, uniform, adversary, clock } = world;
  const { ledger } = market;
  const node = adversary.gateway.publicKey as NodeId;
  const client = adversary.owner.address;
  const outcomes = new Map<number, Decision[]>();
  let nextSeq = ledger.nextOrderSeq(client, market.market);
  const add = (clientSeq: number, decision: Decision): void => {
    outcomes.set(clientSeq, [...(outcomes.get(clientSeq) ?? []), decision]);
  };
  const voided = (clientSeq: number): Decision => {
    const body: VoidBody = {
      network: ledger.network,
      market: market.market,
      client,
      clientSeq,
      reason: `void ${Math.floor(uniform() * 3)}`,
    };
    return {
      proof: { kind: 'void', body },
      effects: voidEffects(body),
    };
  };

  /** Loses, repeats, delays and changes what the coordinator sends. */
  const crooked = (transport: Transport): Transport =>
    withRequest(transport, async (to, protocol, bytes, options) => {
      const how = uniform();
      if (how < 0.04) throw new Error('left out');
      if (how < 0.08) await clock.sleep(uniform() * 12_000);
      if (how < 0.12) void transport.request(to, protocol, bytes, options).catch(() => undefined);
      if (how < 0.2) {
        const changed = protocol === protocols.certify ? withLess(bytes, uniform()) : undefined;
        if (changed !== undefined)
          void transport.request(to, protocol, changed, options).catch(() => undefined);
      }
      return transport.request(to, protocol, bytes, options);
    });
  const transport = crooked(adversary.ends.get(node)!);
  /** Has the answers, and would not have them certified. */
  const withoutCertificate = withRequest(transport, (to, protocol, bytes, options) =>
    protocol === protocols.certify
      ? Promise.reject(new Error('withheld'))
      : transport.request(to, protocol, bytes, options),
  );

  return {
    open: () => nextSeq - ledger.nextOrderSeq(client, market.market),
    async runJob() {
      const { roster, hash } = market.view.current();
      const text = textAbout(Math.floor(uniform() * 1_000));
      const salt = systemRandom.bytes(16);
      const clientSeq = nextSeq;
      nextSeq += 1;
      const order = signBody(adversary.owner, orderDomain, {
        network: ledger.network,
        market: market.market,
        client,
        clientSeq,
        coordinator: node,
        dataHash: saltedDataHash(text, salt),
        bytes: Buffer.byteLength(text),
        maxFeeMicro: 10_000n,
        tipMicro: 0n,
        deadlineMs: clock.nowMs() + lifetimeMs,
      });
      if (uniform() < 0.3) add(clientSeq, voided(clientSeq));
      try {
        const signal = new AbortController().signal;
        const components = {
          keys: adversary.gateway,
          transport: uniform() < 0.2 ? withoutCertificate : transport,
          clock,
          random: systemRandom,
          view: market.view,
        };
        const outcome = await runShardJob(components, {
          orders: [order],
          roster,
          rosterHash: hash,
          data: [{ text, salt }],
          signal,
        });
        const { certificate, transcript } = outcome;
        const effects = certificateEffects(certificate, 0, roster);
        add(clientSeq, {
          proof: { kind: 'certificate', certificate, data: [0], tickets: transcript.tickets, roster: hash },
          effects,
        });
      } catch {
        if (!outcomes.has(clientSeq)) add(clientSeq, voided(clientSeq));
      }
    },
    async settle() {
      const fromSeq = ledger.nextOrderSeq(client, market.market);
      const chosen: Decision[] = [];
      for (let seq = fromSeq; outcomes.has(seq) && chosen.length < 8; seq += 1) {
        const possible = outcomes.get(seq)!;
        chosen.push(possible[Math.floor(uniform() * possible.length)]!);
        if (uniform() < 0.2) break;
      }
      if (chosen.length === 0 && uniform() < 0.9) return;
      const next = ledger.market(market.market)!.nextBatch;
      const batch = uniform() < 0.8 ? next : Math.max(0, next + Math.floor(uniform() * 5) - 2);
      const settlement = netSettlement(
        chosen.map(({ effects }) => effects),
        {
          network: ledger.network,
          market: market.market,
          batch,
          gateway: uniform() < 0.8 ? node : world.gateway,
          by: uniform() < 0.8 ? node : (adversary.validator.publicKey as NodeId),
          nextOrderSeq: () => fromSeq,
        },
      );
      const signatures = await askAll(world, transport, settlement, chosen);
      const own = signSettlement(adversary.validator, settlement);
      try {
        await ledger.transact(adversary.owner, {
          kind: 'settle',
          settlement,
          signatures: uniform() < 0.5 ? [...signatures, own] : signatures,
        });
        for (const seq of outcomes.keys())
          if (seq < ledger.nextOrderSeq(client, market.market)) outcomes.delete(seq);
      } catch {
        // Too few signatures, or another settlement came first.
      }
    },
  };
}

async function askAll(
  { market, adversary }: World,
  transport: Transport,
  settlement: SettlementBody,
  chosen: readonly Decision[],
): Promise<NodeSignature[]> {
  const request = encode({ settlement, proofs: chosen.map(({ proof }) => proof) });
  const others = market.validators.filter((node) => node !== adversary.validator.publicKey);
  const answers = await Promise.allSettled(
    others.map((node) => transport.request(node, protocols.settle, request, { timeoutMs: 10_000 })),
  );
  return answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? [decode(answer.value, settlementResponseSchema).signature] : [],
  );
}

/** A transcript from which something is missing: another outcome of the same job, if a witness takes it. */
function withLess(bytes: Uint8Array, chance: number): Uint8Array | undefined {
  const { transcript } = decode(bytes, z.unknown()) as { transcript: Record<string, unknown> };
  const lists = Object.entries(transcript).filter(([, part]) => Array.isArray(part) && part.length > 0);
  const [name, list] = lists[Math.floor(chance * 5 * lists.length) % lists.length]!;
  const shorter = (list as unknown[]).slice(chance < 0.1 ? 1 : 0, chance < 0.1 ? undefined : -1);
  return encode({ transcript: { ...transcript, [name]: shorter } });
}
