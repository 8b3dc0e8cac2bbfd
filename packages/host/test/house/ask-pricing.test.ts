import type { NodeId } from '@market-of-experts/core';
import type { CertificateBody } from '@market-of-experts/protocol';
import { describe, expect, it } from 'vitest';
import { askPricing, type PricedExpert } from '../../src/house/ask-pricing.ts';

const [own, caller, other] = ['own', 'caller', 'other'] as NodeId[];

/** An expert with an ask of half the fee and, per job, these claims. */
function priced(perJob: { won: number; heldAlready: number }) {
  const asks = [5_000];
  const expert: PricedExpert = {
    role: { id: own!, takeClaimCounts: () => perJob },
    askBps: () => asks.at(-1)!,
    publish: async (askBps) => {
      asks.push(askBps);
    },
  };
  return { expert, asks };
}
/** A job in which `worker` worked for the caller. */
const job = (worker: NodeId): CertificateBody =>
  ({ members: [{ principal: caller, worker }] }) as unknown as CertificateBody;

async function observe(expert: PricedExpert, worker: NodeId, jobs: number): Promise<void> {
  const pricing = askPricing(
    () => [expert],
    () => undefined,
  );
  for (let count = 0; count < jobs; count += 1) {
    pricing.observe(job(worker));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe('an expert that prices itself', () => {
  it('asks for more when callers find it taken', async () => {
    const { expert, asks } = priced({ won: 1, heldAlready: 1 });
    await observe(expert, own!, 10);
    expect(asks).toEqual([5_000, 5_500]);
  });
  it('asks for less when others are called', async () => {
    const { expert, asks } = priced({ won: 0, heldAlready: 0 });
    await observe(expert, other!, 40);
    expect(asks).toEqual([5_000, 4_500, 4_050]);
  });
  it('keeps its ask when it is called as often as it can serve', async () => {
    const { expert, asks } = priced({ won: 1, heldAlready: 0 });
    await observe(expert, own!, 60);
    expect(asks).toEqual([5_000]);
  });
  it('does not count jobs in which nobody called, or in which it sat itself', async () => {
    const { expert, asks } = priced({ won: 0, heldAlready: 0 });
    await observe(expert, caller!, 60);
    await observe(expert, own!, 60);
    expect(asks).toEqual([5_000]);
  });
});
