import { decode, encode, type NodeId } from '@market-of-experts/core';
import { type SmallMarket, smallMarket } from '@market-of-experts/testing/small-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JobStage, protocols } from '../../src/messages/protocols.ts';

let market: SmallMarket;
afterEach(() => market.close());

/** Lets the coordinator do without a request, or change it. */
function change(by: (to: NodeId, protocol: string, bytes: Uint8Array) => Uint8Array | undefined): void {
  const { transport } = market.coordinator;
  const request = transport.request.bind(transport);
  transport.request = (to, protocol, bytes, options) => {
    const changed = by(to, protocol, bytes);
    if (changed !== undefined) return request(to, protocol, changed, options);
    // Silence: nothing arrives until the time is over.
    return market.clock.sleep(options.timeoutMs, options.signal).then(() => {
      throw new Error('no answer');
    });
  };
}

async function outcomes() {
  const { certificate } = await market.runJob({ text: textAbout(1_000) });
  return certificate.body.members;
}

const stages: JobStage[] = ['sealed', 'full', 'reveal'];

describe('an expert that the coordinator never asks', () => {
  it.each(stages)('is asked by the witnesses at the %s stage, and scored', async (stage) => {
    market = smallMarket();
    const ignored = new Set<NodeId>();
    change((to, protocol, bytes) => {
      if (protocol !== protocols[stage]) return bytes;
      if (ignored.size === 0) ignored.add(to);
      return ignored.has(to) ? undefined : bytes;
    });
    const members = await outcomes();
    expect(ignored.size).toBe(1);
    expect(members.map(({ outcome }) => outcome)).toEqual(members.map(() => 'scored'));
  });

  it.each(stages)('loses nothing where the witnesses get a wrong question at the %s stage', async (stage) => {
    market = smallMarket();
    let ignored: NodeId | undefined;
    change((to, protocol, bytes) => {
      if (protocol === protocols.arrivals) {
        const { asked, ...request } = decode(bytes, z.record(z.string(), z.unknown()));
        const question = decode(asked as Uint8Array, z.record(z.string(), z.unknown()));
        const wrong =
          stage === 'sealed'
            ? { ...question, first: { texts: ['x'.repeat(10_000)], salt: new Uint8Array(16) } }
            : { ...question, job: 'ab'.repeat(32) };
        return encode({ ...request, asked: encode(wrong) });
      }
      if (protocol !== protocols[stage]) return bytes;
      ignored ??= to;
      return to === ignored ? undefined : bytes;
    });
    for (const { principal, outcome, slashMicro } of await outcomes()) {
      expect(slashMicro).toBe(0n);
      expect(outcome).toBe(principal === ignored ? 'missed' : 'scored');
    }
  });
});

describe('an expert that does not answer', () => {
  it('is late though the witnesses have asked it, too', async () => {
    market = smallMarket({ strangers: [0, 1, 2, 3, 4, 5], experts: 6 });
    await expect(outcomes()).rejects.toThrow(/0 of 3 experts answered/);
    await market.close();
    market = smallMarket({ strangers: [0], experts: 6 });
    for (let job = 0; job < 8; job += 1)
      for (const { principal, outcome } of await outcomes())
        expect(outcome).toBe(principal === market.experts[0]!.node ? 'late' : 'scored');
  });
});
