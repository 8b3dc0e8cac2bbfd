import type { ExpertBackend } from '@market-of-experts/models';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import type { VirtualClock } from '@market-of-experts/testing/virtual-clock';
import { afterEach, expect, it } from 'vitest';

/** One machine of two cores in virtual time: what it has to do waits in one line. */
const textMs = 30;
let market: LedgerMarket;
afterEach(() => market.close());

function machine(loadAt: (minutes: number) => number) {
  let freeMs = [0, 0];
  let startedMs: number | undefined;
  return (_: number, inner: ExpertBackend, clock: VirtualClock): ExpertBackend => ({
    ...inner,
    embed: async (texts, options) => {
      const nowMs = clock.nowMs();
      startedMs ??= nowMs;
      const tookMs = textMs * texts.length * loadAt((nowMs - startedMs) / 60_000);
      const [first, second] = freeMs.toSorted((a, b) => a - b) as [number, number];
      const doneMs = Math.max(nowMs, first) + tookMs;
      freeMs = [doneMs, second];
      await clock.sleep(doneMs - nowMs);
      return inner.embed(texts, options);
    },
  });
}

interface Half {
  readonly jobs: number;
  readonly failed: number;
  readonly slashedMicro: bigint;
  readonly feesMicro: bigint;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Runs jobs, one after the other, for so many minutes of the market's own time. */
async function serve(minutes: number): Promise<Half> {
  const untilMs = market.clock.nowMs() + 60_000 * minutes;
  const before = market.records.length;
  let jobs = 0;
  let failed = 0;
  while (market.clock.nowMs() < untilMs) {
    jobs += 1;
    try {
      await market.coordinator.serve({
        account: market.clients[0]!,
        text: textAbout(1_000 + jobs),
        mode: 'shard',
        maxFeeMicro: undefined,
        kind: 'client',
        isTextPublic: false,
        signal: new AbortController().signal,
      });
    } catch {
      failed += 1;
    }
    await market.clock.sleep(5_000);
  }
  const outcomes: Record<string, number> = {};
  let slashedMicro = 0n;
  let feesMicro = 0n;
  for (const { proof, effects } of market.records.slice(before)) {
    for (const { amountMicro } of effects.slashes) slashedMicro += amountMicro;
    if (proof.kind !== 'certificate') continue;
    feesMicro += proof.certificate.body.data[0]!.feeMicro;
    for (const { outcome } of proof.certificate.body.members)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { jobs, failed, slashedMicro, feesMicro, outcomes };
}

it('a machine with load 15 for half an hour loses less than a hundredth of the fees and refunds few jobs', async () => {
  market = await ledgerMarket({
    experts: 6,
    ticketDepth: 11,
    backend: machine((minutes) => (minutes > 5 && minutes < 35 ? 15 : 1)),
  });
  const calm = await serve(5);
  expect(calm).toMatchObject({ failed: 0, slashedMicro: 0n });
  const busy = await serve(30);
  expect(busy.jobs).toBeGreaterThan(20);
  expect(busy.failed).toBeLessThanOrEqual(busy.jobs / 20);
  expect(100n * busy.slashedMicro).toBeLessThanOrEqual(busy.feesMicro);
  expect(busy.outcomes.scored ?? 0).toBeGreaterThan(2 * busy.jobs);
  // When the load is gone the deadlines are what the market's terms say, and as many jobs are served as before.
  await serve(10);
  expect(market.view.current().roster.parameters).toEqual(
    market.ledger.market(market.market)!.terms.parameters,
  );
  const after = await serve(5);
  expect(after).toMatchObject({ failed: 0, slashedMicro: 0n });
  expect(after.jobs).toBeGreaterThanOrEqual(calm.jobs - 3);
});
