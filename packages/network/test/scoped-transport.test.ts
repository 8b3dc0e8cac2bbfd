import { generateKeyPair, type NodeId } from '@market-of-experts/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transportComplianceTests } from '../src/compliance/index.ts';
import { createMemoryNetwork } from '../src/memory-network.ts';
import { scopedTransport } from '../src/scoped-transport.ts';
import type { Transport } from '../src/transport.ts';

// Of closing, the suite asks what only a connection can do: peers learn that the node is gone. So here it closes both.
transportComplianceTests('scope of a memory network', async () => {
  const network = createMemoryNetwork({ limits: { maxMessageBytes: 64 * 1024, maxInFlightPerPeer: 4 } });
  return {
    limits: network.limits,
    connect: async (keys) => {
      const transport = network.connect(keys.publicKey as NodeId);
      const scope = scopedTransport(transport, 'market');
      return {
        ...scope,
        close: async () => {
          await scope.close();
          await transport.close();
        },
      };
    },
    close: async () => {},
  };
});

const protocol = 'test/echo/1';
const timeoutMs = 20_000;
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const answer = (value: string) => async () => bytes(value);

describe('scopes of one connection', () => {
  let alice: Transport;
  let bob: Transport;
  beforeEach(() => {
    const network = createMemoryNetwork();
    alice = network.connect(generateKeyPair().publicKey as NodeId);
    bob = network.connect(generateKeyPair().publicKey as NodeId);
  });
  afterEach(() => Promise.all([alice.close(), bob.close()]));
  const ask = async (from: Transport): Promise<string> =>
    text(await from.request(bob.self, protocol, bytes(''), { timeoutMs }));

  it('keep their handlers apart, and from those of the connection itself', async () => {
    bob.handle(protocol, answer('plain'));
    scopedTransport(bob, 'one').handle(protocol, answer('one'));
    scopedTransport(bob, 'two').handle(protocol, answer('two'));
    expect(await ask(alice)).toBe('plain');
    expect(await ask(scopedTransport(alice, 'one'))).toBe('one');
    expect(await ask(scopedTransport(alice, 'two'))).toBe('two');
    await expect(ask(scopedTransport(alice, 'three'))).rejects.toMatchObject({ code: 'unknown-protocol' });
    expect(() => scopedTransport(bob, 'one').handle(protocol, answer('again'))).toThrow(
      expect.objectContaining({ code: 'protocol-taken' }),
    );
  });

  it('keep their notices apart', async () => {
    const heard: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    scopedTransport(bob, 'one').onNotice(protocol, (notice) => {
      heard.push(`one ${text(notice)}`);
    });
    scopedTransport(bob, 'two').onNotice(protocol, (notice) => {
      heard.push(`two ${text(notice)}`);
      resolve();
    });
    scopedTransport(alice, 'one').notify(bob.self, protocol, bytes('a'));
    scopedTransport(alice, 'two').notify(bob.self, protocol, bytes('b'));
    await promise;
    expect(heard).toEqual(['one a', 'two b']);
  });

  it('close one by one: the others and the connection go on, and the scope can be opened again', async () => {
    const one = scopedTransport(bob, 'one');
    one.handle(protocol, answer('one'));
    scopedTransport(bob, 'two').handle(protocol, answer('two'));
    await one.close();
    await one.close();
    await expect(ask(scopedTransport(alice, 'one'))).rejects.toMatchObject({ code: 'unknown-protocol' });
    expect(await ask(scopedTransport(alice, 'two'))).toBe('two');
    scopedTransport(bob, 'one').handle(protocol, answer('one again'));
    expect(await ask(scopedTransport(alice, 'one'))).toBe('one again');
  });

  it('give up what is in flight when they close, on either side', async () => {
    const gaveUp: string[] = [];
    const bothServed = Promise.withResolvers<void>();
    const firstGivenUp = Promise.withResolvers<void>();
    const scopeOfBob = scopedTransport(bob, 'one');
    let served = 0;
    scopeOfBob.handle(protocol, async (request, { signal }) => {
      served += 1;
      if (served === 2) bothServed.resolve();
      await new Promise((done) => signal.addEventListener('abort', done));
      gaveUp.push(text(request));
      firstGivenUp.resolve();
      return request;
    });
    const scopeOfAlice = scopedTransport(alice, 'one');
    const sent = (scope: Transport, question: string) =>
      scope.request(bob.self, protocol, bytes(question), { timeoutMs }).then(text);
    const given = expect(sent(scopeOfAlice, 'first')).rejects.toMatchObject({ code: 'request-aborted' });
    const kept = sent(scopedTransport(alice, 'one'), 'second');
    await bothServed.promise;
    await scopeOfAlice.close();
    await given;
    await firstGivenUp.promise;
    expect(gaveUp).toEqual(['first']);
    await expect(ask(scopeOfAlice)).rejects.toMatchObject({ code: 'request-aborted' });
    scopeOfAlice.notify(bob.self, protocol, bytes('lost'));
    await scopeOfBob.close();
    expect(await kept).toBe('second');
    expect(gaveUp).toEqual(['first', 'second']);
  });
});
