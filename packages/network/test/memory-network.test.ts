import { type Clock, type NodeId, type Random, sha256 } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { transportComplianceTests } from '../src/compliance/index.ts';
import { createMemoryNetwork } from '../src/memory-network.ts';
import type { Transport } from '../src/transport.ts';

transportComplianceTests('memory network', async () => {
  const network = createMemoryNetwork({ limits: { maxMessageBytes: 64 * 1024, maxInFlightPerPeer: 4 } });
  return {
    limits: network.limits,
    connect: async (keys) => network.connect(keys.publicKey as NodeId),
    close: async () => {},
  };
});

transportComplianceTests('memory network with latency and jitter', async () => {
  const network = createMemoryNetwork({ limits: { maxMessageBytes: 64 * 1024, maxInFlightPerPeer: 16 } });
  network.inject.latency(1, 1);
  return {
    limits: network.limits,
    connect: async (keys) => network.connect(keys.publicKey as NodeId),
    close: async () => {},
  };
});

const node = (name: string): NodeId => Buffer.from(sha256(Buffer.from(name))).toString('hex') as NodeId;
const alice = node('alice');
const bob = node('bob');
const carol = node('carol');
const protocol = 'test/echo/1';
const empty = new Uint8Array();

function seededRandom(seed: string): Random {
  let count = 0;
  return {
    bytes(length) {
      count += 1;
      return sha256(Buffer.from(`${seed}/${count}`)).slice(0, length);
    },
  };
}

/** Time that moves only when told to, and then runs what is due, in order. */
function virtualClock(): Clock & { advanceTo(ms: number): Promise<void> } {
  let now = 0;
  let sleepers: { atMs: number; wake: () => void }[] = [];
  return {
    nowMs: () => now,
    steadyMs: () => now,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { atMs: now + delayMs, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        });
      }),
    async advanceTo(ms) {
      for (;;) {
        // Everything that hangs on microtasks alone happens before time moves.
        await new Promise(setImmediate);
        const next = sleepers
          .filter((sleeper) => sleeper.atMs <= ms)
          .toSorted((a, b) => a.atMs - b.atMs)
          .at(0);
        if (next === undefined) break;
        sleepers = sleepers.filter((sleeper) => sleeper !== next);
        now = next.atMs;
        next.wake();
      }
      now = ms;
    },
  };
}

function echoing(network: ReturnType<typeof createMemoryNetwork>, ...ids: NodeId[]): Transport[] {
  return ids.map((id) => {
    const transport = network.connect(id);
    transport.handle(protocol, async (request) => request);
    return transport;
  });
}

describe('memory network', () => {
  it('lets one transport of a node be open at a time', async () => {
    const network = createMemoryNetwork();
    const first = network.connect(alice);
    expect(() => network.connect(alice)).toThrow(expect.objectContaining({ code: 'already-connected' }));
    await first.close();
    expect(network.connect(alice).self).toBe(alice);
  });

  it('does not keep the event loop from other work', async () => {
    const [from] = echoing(createMemoryNetwork(), alice, bob);
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    for (let index = 0; index < 100; index += 1)
      await from!.request(bob, protocol, empty, { timeoutMs: 1_000 });
    isDone = true;
    expect(turns).toBeGreaterThan(50);
  });

  it('refuses more handlers than the limit over all callers', async () => {
    const network = createMemoryNetwork({ limits: { maxHandlers: 2 } });
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    network.connect(bob).handle(protocol, () => promise);
    const callers = ['a', 'b', 'c'].map((name) => network.connect(node(name)));
    const [first, second, third] = callers.map((caller) =>
      caller.request(bob, protocol, empty, { timeoutMs: 10_000 }),
    );
    await expect(third).rejects.toMatchObject({ code: 'queue-full' });
    resolve(empty);
    await Promise.all([first, second]);
  });

  it('drops notices beyond the queue', async () => {
    const network = createMemoryNetwork({ limits: { maxQueuedNoticesPerPeer: 3 } });
    const [from, to] = echoing(network, alice, bob);
    let count = 0;
    to!.onNotice(protocol, () => {
      count += 1;
    });
    for (let index = 0; index < 10; index += 1) from!.notify(bob, protocol, empty);
    await from!.request(bob, protocol, empty, { timeoutMs: 1_000 });
    expect(count).toBe(3);
    from!.notify(bob, protocol, empty);
    await from!.request(bob, protocol, empty, { timeoutMs: 1_000 });
    expect(count).toBe(4);
  });
});

describe('injected faults', () => {
  it('delay each direction by its latency', async () => {
    const clock = virtualClock();
    const network = createMemoryNetwork({ clock });
    const [from] = echoing(network, alice, bob);
    network.inject.latency((_, to) => (to === bob ? 30 : 5));
    let answeredAtMs = 0;
    const pending = from!.request(bob, protocol, empty, { timeoutMs: 1_000 }).then(() => {
      answeredAtMs = clock.nowMs();
    });
    await clock.advanceTo(1_000);
    await pending;
    expect(answeredAtMs).toBe(35);
  });

  it('end a request by its timeout when the latency is longer', async () => {
    const clock = virtualClock();
    const network = createMemoryNetwork({ clock });
    const [from] = echoing(network, alice, bob);
    network.inject.latency(80);
    const pending = from!.request(bob, protocol, empty, { timeoutMs: 100 });
    const rejection = expect(pending).rejects.toMatchObject({ code: 'request-timeout' });
    await clock.advanceTo(500);
    await rejection;
  });

  it('lose and repeat messages at the given rates, the same for the same seed', async () => {
    const arrivals = async (seed: string): Promise<number[]> => {
      const clock = virtualClock();
      const network = createMemoryNetwork({ clock, random: seededRandom(seed) });
      const [from, to] = echoing(network, alice, bob);
      network.inject.loss(0.3);
      network.inject.duplication(0.2);
      network.inject.latency(10, 10);
      const order: number[] = [];
      to!.onNotice(protocol, (notice) => {
        order.push(new DataView(notice.buffer).getUint16(0));
      });
      for (let index = 0; index < 1_000; index += 1)
        from!.notify(bob, protocol, new Uint8Array([index >> 8, index & 255]));
      await clock.advanceTo(100);
      return order;
    };
    const first = await arrivals('seed');
    const distinct = new Set(first).size;
    expect(distinct).toBeGreaterThan(600);
    expect(distinct).toBeLessThan(800);
    expect(first.length - distinct).toBeGreaterThan(60);
    expect(first.length - distinct).toBeLessThan(240);
    expect(first).not.toEqual(first.toSorted((a, b) => a - b));
    expect(await arrivals('seed')).toEqual(first);
    expect(await arrivals('other')).not.toEqual(first);
  });

  it('run a repeated request twice on separate bytes and answer it once', async () => {
    const clock = virtualClock();
    const network = createMemoryNetwork({ clock });
    const from = network.connect(alice);
    const seen: string[] = [];
    network.connect(bob).handle(protocol, async (request) => {
      seen.push(Buffer.from(request).toString());
      request.fill(0);
      return Buffer.from(`answer ${seen.length}`);
    });
    network.inject.duplication(1);
    const pending = from.request(bob, protocol, Buffer.from('text'), { timeoutMs: 1_000 });
    await clock.advanceTo(10);
    expect(Buffer.from(await pending).toString()).toBe('answer 1');
    expect(seen).toEqual(['text', 'text']);
  });

  it('keep a partition silent, also for an answer under way, until it heals', async () => {
    const clock = virtualClock();
    const network = createMemoryNetwork({ clock });
    const [from] = echoing(network, alice, bob, carol);
    network.inject.latency(20);
    const underWay = from!.request(bob, protocol, empty, { timeoutMs: 100 });
    const underWayRejection = expect(underWay).rejects.toMatchObject({ code: 'request-timeout' });
    await clock.advanceTo(30);
    network.inject.partition([[alice, carol]]);
    const cut = from!.request(bob, protocol, empty, { timeoutMs: 100 });
    const cutRejection = expect(cut).rejects.toMatchObject({ code: 'request-timeout' });
    const sameSide = from!.request(carol, protocol, empty, { timeoutMs: 100 });
    await clock.advanceTo(300);
    await underWayRejection;
    await cutRejection;
    await sameSide;
    network.inject.heal();
    const healed = from!.request(bob, protocol, empty, { timeoutMs: 100 });
    await clock.advanceTo(400);
    await healed;
  });

  it('do not hide a deadline from the handler behind a partition', async () => {
    const clock = virtualClock();
    const network = createMemoryNetwork({ clock });
    const from = network.connect(alice);
    const seen = Promise.withResolvers<AbortSignal>();
    network.connect(bob).handle(protocol, (_, { signal }) => {
      seen.resolve(signal);
      return new Promise(() => {});
    });
    const pending = from.request(bob, protocol, empty, { timeoutMs: 100 });
    const rejection = expect(pending).rejects.toMatchObject({ code: 'request-timeout' });
    const signal = await seen.promise;
    network.inject.partition([[alice], [bob]]);
    expect(signal.aborted).toBe(false);
    await clock.advanceTo(200);
    await rejection;
    expect(signal.aborted).toBe(true);
  });
});
