import { encode, type NodeId, type Random, sha256 } from '@market-of-experts/core';
import { memoryGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import type { ExpertBackend } from '@market-of-experts/models';
import { encodeRecord } from '@market-of-experts/receipts/receipt-record';
import type { DecisionPolicy } from '@market-of-experts/roles/calling/policy';
import type { TextRequest } from '@market-of-experts/roles/coordinator/text-request';
import { batchId } from '@market-of-experts/roles/receipts/kept-batch';
import { ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { type VirtualClock, virtualClock } from '@market-of-experts/testing/virtual-clock';
import { wiretap } from '../../benchmarks/adversary/wiretap.ts';
import { type Fingerprints, fingerprint, fingerprintOf } from './recording.ts';

const experts = 7;

/**
 * Everything that a whole market says in some shard jobs (with friends), routed requests and their settlement:
 * all that goes over the wire, what the signing guard is told, the receipts, and the ledger. Keys, time and chance are
 * fixed, and every expert takes a time of its own, so that the order of messages is, too.
 */
export async function marketRun(): Promise<Fingerprints> {
  const clock = virtualClock();
  const said = new Map<string, string[]>();
  const take = (place: string, print: string): void => {
    said.set(place, [...(said.get(place) ?? []), print]);
  };
  const wire = wiretap(({ kind, protocol, bytes }) => take(`${kind} ${protocol}`, fingerprint(bytes)));
  const guard = memoryGuard(clock.nowMs);
  const heardGuard: SigningGuard = {
    ...guard,
    enterAll(sayings) {
      for (const saying of sayings) take('guard', fingerprintOf(saying));
      return guard.enterAll(sayings);
    },
    enter(saying, options) {
      take('guard', fingerprintOf(saying));
      return guard.enter(saying, options);
    },
  };
  const market = await ledgerMarket({
    clock,
    guard: heardGuard,
    tap: wire.tap,
    experts,
    validators: 3,
    policy: callsNowAndThen,
    randomOf: seededRandom,
    backend: slowly,
  });
  try {
    const request = (job: number): TextRequest => ({
      account: market.clients[job % 2]!,
      text: textAbout(1_000 + job),
      mode: 'auto',
      maxFeeMicro: undefined,
      kind: job % 3 === 0 ? 'house' : 'client',
      isTextPublic: job % 3 === 1,
      signal: new AbortController().signal,
    });
    for (let job = 0; job < 6; job += 1) await market.coordinator.examine(request(job));
    for (let job = 6; job < 10; job += 1)
      take('answers', fingerprint((await market.coordinator.serve(request(job))).answer));
    await market.coordinator.close();
    await market.settler.flush();
    await market.settler.close();
    for (const record of market.records) take('receipts', fingerprint(encodeRecord(record)));
    const { nextBatch } = market.ledger.market(market.market)!;
    for (let batch = 0; batch < nextBatch; batch += 1)
      take('batches', fingerprint((await market.receipts.get(batchId(batch)))!));
    for (const { signedBytes, signature } of await market.ledger.entries(0, 1_000))
      take('ledger', fingerprint(encode([signedBytes, signature])));
    take('root', market.ledger.stateRoot());
    take('head', market.ledger.headHash());
    take('warnings', String(market.warnings.length));
  } finally {
    await market.close();
  }
  // Who hears what first is nobody's promise, but on the ledger.
  return Object.fromEntries(
    [...said]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([place, prints]) => [place, place === 'ledger' ? prints : [...prints].sort()]),
  );
}

/** Chance that follows from a name. */
function seededRandom(name: string): Random {
  let drawn = 0;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        const block = sha256(Buffer.from(`golden/${name}/${drawn}`));
        bytes.set(block.subarray(0, Math.min(32, length - at)), at);
        drawn += 1;
      }
      return bytes;
    },
  };
}

const callsNowAndThen: DecisionPolicy = ({ friends }, uniform) =>
  friends.length > 0 && uniform() < 0.4
    ? { kind: 'call', friends: friends.map(({ worker }): NodeId => worker), expectedMicro: 0 }
    : { kind: 'work', expectedMicro: 0 };

function slowly(index: number, backend: ExpertBackend, clock: VirtualClock): ExpertBackend {
  return {
    ...backend,
    async embed(texts, options) {
      await clock.sleep(7 + 5 * index);
      return backend.embed(texts, options);
    },
  };
}
