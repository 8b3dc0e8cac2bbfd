import { generateKeyPair, type KeyPair, MoeError, type NodeId } from '@market-of-experts/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkLimits } from './limits.ts';
import type { Transport } from './transport.ts';

/** A network under test, fresh for each test. */
export interface TransportHarness {
  /** Limits in force; the suite works best when they are small (e.g. 4 in flight, 64 KiB a message). */
  readonly limits: NetworkLimits;
  /** Joins with this node key; every transport of the harness can reach every other. */
  connect(keys: KeyPair): Promise<Transport>;
  /** Frees what the harness itself holds; the suite closes the transports. */
  close(): Promise<void>;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const echo = async (request: Uint8Array): Promise<Uint8Array> => request;
const timeoutMs = 20_000;
const protocol = 'test/echo/1';

/** A promise to be settled by hand. */
function gate<Value = void>() {
  return Promise.withResolvers<Value>();
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = gate();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/**
 * What every adapter of the `Transport` port must do, as Vitest tests. An adapter's own test file calls this
 * with a factory of harnesses.
 */
export function transportComplianceTests(name: string, factory: () => Promise<TransportHarness>): void {
  describe(`${name}: Transport port`, () => {
    let harness: TransportHarness;
    let alice: Transport;
    let bob: Transport;
    const opened: Transport[] = [];
    const connect = async (): Promise<Transport> => {
      const transport = await harness.connect(generateKeyPair());
      opened.push(transport);
      return transport;
    };

    beforeEach(async () => {
      harness = await factory();
      alice = await connect();
      bob = await connect();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((transport) => transport.close()));
      await harness.close();
    });

    describe('request', () => {
      it('returns what the handler answers and tells it who asks', async () => {
        bob.handle(protocol, async (request, { from }) => bytes(`${text(request)} from ${from}`));
        const answer = await alice.request(bob.self, protocol, bytes('hello'), { timeoutMs });
        expect(text(answer)).toBe(`hello from ${alice.self}`);
      });

      it('serves both directions and several peers at once', async () => {
        const carol = await connect();
        for (const node of [alice, bob, carol]) node.handle(protocol, async () => bytes(node.self));
        const pairs = [alice, bob, carol].flatMap((from) => [alice, bob, carol].map((to) => ({ from, to })));
        await Promise.all(
          pairs.map(async ({ from, to }) => {
            const answer = await from.request(to.self, protocol, bytes(''), { timeoutMs });
            expect(text(answer)).toBe(to.self);
          }),
        );
      });

      it('gives every request its own answer, in whatever order they are ready', async () => {
        const places = harness.limits.maxInFlightPerPeer;
        const waiting: (() => void)[] = [];
        bob.handle(protocol, async (request) => {
          const { promise, resolve } = gate();
          waiting.push(resolve);
          if (waiting.length === places) for (const answer of waiting.toReversed()) answer();
          await promise;
          return request;
        });
        const questions = Array.from({ length: places }, (_, index) => `question ${index}`);
        const answers = await Promise.all(
          questions.map((question) => alice.request(bob.self, protocol, bytes(question), { timeoutMs })),
        );
        expect(answers.map(text)).toEqual(questions);
      });

      it('carries empty messages and messages of exactly the limit', async () => {
        bob.handle(protocol, echo);
        const empty = await alice.request(bob.self, protocol, new Uint8Array(), { timeoutMs });
        expect(empty.length).toBe(0);
        const full = new Uint8Array(harness.limits.maxMessageBytes).map((_, index) => index % 251);
        const answer = await alice.request(bob.self, protocol, full, { timeoutMs });
        expect(Buffer.compare(answer, full)).toBe(0);
      });

      it('copies bytes at the border', async () => {
        const kept: Uint8Array[] = [];
        bob.handle(protocol, async (request) => {
          kept.push(request);
          const seen = request.slice();
          request.fill(0);
          return seen;
        });
        const request = Buffer.from('mine');
        const pending = alice.request(bob.self, protocol, request, { timeoutMs });
        request.write('ours');
        const answer = await pending;
        expect(text(answer)).toBe('mine');
        expect(request.toString()).toBe('ours');

        const shared = bytes('answer');
        bob.handle('test/shared/1', async () => shared);
        const first = await alice.request(bob.self, 'test/shared/1', bytes(''), { timeoutMs });
        first.fill(0);
        expect(text(shared)).toBe('answer');
      });

      it('rejects with unknown-protocol where there is no handler', async () => {
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'unknown-protocol',
        });
      });

      it('keeps notices and requests of one name apart', async () => {
        bob.onNotice(protocol, () => {});
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'unknown-protocol',
        });
      });

      it('takes one handler per protocol', () => {
        bob.handle(protocol, echo);
        expect(() => bob.handle(protocol, echo)).toThrow(MoeError);
        bob.onNotice(protocol, () => {});
        expect(() => bob.onNotice(protocol, () => {})).toThrow(MoeError);
      });

      it('serves a protocol no more when its handler is taken away, until there is another', async () => {
        const takeAway = bob.handle(protocol, echo);
        takeAway();
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'unknown-protocol',
        });
        bob.handle(protocol, async () => bytes('another'));
        takeAway();
        expect(text(await alice.request(bob.self, protocol, bytes(''), { timeoutMs }))).toBe('another');
        const forget = bob.onNotice(protocol, () => {});
        forget();
        bob.onNotice(protocol, () => {});
      });

      it('rejects with peer-unreachable for a node that is not there', async () => {
        const nobody = generateKeyPair().publicKey as NodeId;
        await expect(alice.request(nobody, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'peer-unreachable',
          isRetryable: true,
        });
      });
    });

    describe('a handler that fails', () => {
      it('passes on its message, and nothing else of an ordinary error', async () => {
        bob.handle(protocol, async () => {
          throw new Error('The model is out of memory.');
        });
        const error = await alice
          .request(bob.self, protocol, bytes(''), { timeoutMs })
          .catch((reason: unknown) => reason);
        expect(error).toMatchObject({
          code: 'handler-failed',
          message: 'The model is out of memory.',
          isRetryable: false,
        });
        expect((error as MoeError).metadata).not.toHaveProperty('handlerCode');
        expect((error as MoeError).cause).toBeUndefined();
      });

      it('passes on the code of a MoeError, and whether to try again', async () => {
        bob.handle(protocol, async () => {
          throw new MoeError('claim-refused', 'Held by another.', {
            isRetryable: true,
            metadata: { secret: 'x' },
          });
        });
        const error = await alice
          .request(bob.self, protocol, bytes(''), { timeoutMs })
          .catch((reason: unknown) => reason);
        expect(error).toMatchObject({
          code: 'handler-failed',
          message: 'Held by another.',
          isRetryable: true,
          metadata: { handlerCode: 'claim-refused' },
        });
        expect((error as MoeError).metadata).not.toHaveProperty('secret');
      });

      it('cannot send a message or code without bounds', async () => {
        bob.handle(protocol, async () => {
          throw new MoeError('x'.repeat(10_000), 'y'.repeat(1_000_000));
        });
        const error = (await alice
          .request(bob.self, protocol, bytes(''), { timeoutMs })
          .catch((reason: unknown) => reason)) as MoeError;
        expect(error.code).toBe('handler-failed');
        expect(error.message.length).toBeLessThanOrEqual(1_000);
        expect(JSON.stringify(error.metadata).length).toBeLessThanOrEqual(1_000);
      });

      it('may throw at once, or return what is no bytes', async () => {
        bob.handle('test/throws/1', () => {
          throw new Error('at once');
        });
        bob.handle('test/text/1', (async () => 'text') as never);
        const options = { timeoutMs };
        await expect(alice.request(bob.self, 'test/throws/1', bytes(''), options)).rejects.toMatchObject({
          code: 'handler-failed',
          message: 'at once',
        });
        await expect(alice.request(bob.self, 'test/text/1', bytes(''), options)).rejects.toMatchObject({
          code: 'handler-failed',
        });
      });
    });

    describe('limits', () => {
      it('refuses a request, an answer and a notice over the size limit', async () => {
        const large = new Uint8Array(harness.limits.maxMessageBytes + 1);
        let served = 0;
        bob.handle(protocol, async () => {
          served += 1;
          return large;
        });
        const options = { timeoutMs };
        await expect(alice.request(bob.self, protocol, large, options)).rejects.toMatchObject({
          code: 'message-too-large',
        });
        expect(served).toBe(0);
        await expect(alice.request(bob.self, protocol, bytes(''), options)).rejects.toMatchObject({
          code: 'message-too-large',
        });
        expect(() => alice.notify(bob.self, protocol, large)).toThrow(
          expect.objectContaining({ code: 'message-too-large' }),
        );
      });

      it('rejects with queue-full beyond the requests in flight to one peer, and only to that peer', async () => {
        const carol = await connect();
        const { promise, resolve } = gate();
        bob.handle(protocol, async (request) => {
          await promise;
          return request;
        });
        carol.handle(protocol, echo);
        const places = harness.limits.maxInFlightPerPeer;
        const pending = Array.from({ length: places }, () =>
          alice.request(bob.self, protocol, bytes('in'), { timeoutMs }),
        );
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'queue-full',
          isRetryable: true,
        });
        expect(text(await alice.request(carol.self, protocol, bytes('other'), { timeoutMs }))).toBe('other');
        resolve();
        await Promise.all(pending);
        expect(text(await alice.request(bob.self, protocol, bytes('again'), { timeoutMs }))).toBe('again');
      });

      it('counts handlers that ignore the cancellation against their caller', async () => {
        const { promise, resolve } = gate();
        const started = Array.from({ length: harness.limits.maxInFlightPerPeer }, () => gate());
        let running = 0;
        bob.handle(protocol, async (request) => {
          started[running]?.resolve();
          running += 1;
          await promise;
          return request;
        });
        for (const { promise: isStarted } of started) {
          const controller = new AbortController();
          const pending = alice.request(bob.self, protocol, bytes(''), {
            timeoutMs,
            signal: controller.signal,
          });
          await isStarted;
          controller.abort();
          await expect(pending).rejects.toMatchObject({ code: 'request-aborted' });
        }
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'queue-full',
        });
        resolve();
      });
    });

    describe('giving up', () => {
      it('rejects with request-timeout, aborts the handler and drops its late answer', async () => {
        const seen = gate<AbortSignal>();
        const { promise, resolve } = gate();
        bob.handle(protocol, async (request, { signal }) => {
          seen.resolve(signal);
          await promise;
          return request;
        });
        const pending = alice.request(bob.self, protocol, bytes(''), { timeoutMs: 50 });
        await expect(pending).rejects.toMatchObject({ code: 'request-timeout', isRetryable: true });
        await aborted(await seen.promise);
        resolve();
        bob.handle('test/next/1', echo);
        expect(text(await alice.request(bob.self, 'test/next/1', bytes('next'), { timeoutMs }))).toBe('next');
      });

      it('does not send what was aborted before', async () => {
        let served = 0;
        bob.handle(protocol, async (request) => {
          served += 1;
          return request;
        });
        const signal = AbortSignal.abort();
        await expect(
          alice.request(bob.self, protocol, bytes(''), { timeoutMs, signal }),
        ).rejects.toMatchObject({
          code: 'request-aborted',
        });
        await alice.request(bob.self, protocol, bytes(''), { timeoutMs });
        expect(served).toBe(1);
      });

      it('rejects with request-aborted and aborts the handler', async () => {
        const seen = gate<AbortSignal>();
        bob.handle(protocol, async (request, { signal }) => {
          seen.resolve(signal);
          await aborted(signal);
          return request;
        });
        const controller = new AbortController();
        const pending = alice.request(bob.self, protocol, bytes(''), {
          timeoutMs,
          signal: controller.signal,
        });
        const handlerSignal = await seen.promise;
        expect(handlerSignal.aborted).toBe(false);
        controller.abort();
        await expect(pending).rejects.toMatchObject({ code: 'request-aborted' });
        await aborted(handlerSignal);
      });
    });

    describe('notice', () => {
      it('arrives with its sender, in bytes of its own', async () => {
        const arrived = gate<{ notice: Uint8Array; from: NodeId }>();
        bob.onNotice(protocol, (notice, { from }) => arrived.resolve({ notice, from }));
        const notice = bytes('news');
        alice.notify(bob.self, protocol, notice);
        notice.fill(0);
        const got = await arrived.promise;
        expect(text(got.notice)).toBe('news');
        expect(got.from).toBe(alice.self);
      });

      it('is lost in silence without a handler or without the peer', async () => {
        bob.handle(protocol, echo);
        alice.notify(bob.self, 'test/nobody-listens/1', bytes('x'));
        alice.notify(generateKeyPair().publicKey as NodeId, protocol, bytes('x'));
        expect(text(await alice.request(bob.self, protocol, bytes('fine'), { timeoutMs }))).toBe('fine');
      });

      it('outlives a handler that throws', async () => {
        const second = gate<string>();
        let count = 0;
        bob.onNotice(protocol, (notice) => {
          count += 1;
          if (count === 1) throw new Error('bad notice');
          second.resolve(text(notice));
        });
        alice.notify(bob.self, protocol, bytes('first'));
        alice.notify(bob.self, protocol, bytes('second'));
        expect(await second.promise).toBe('second');
      });
    });

    describe('close', () => {
      it('rejects what is in flight and aborts the handlers at the peer', async () => {
        const seen = gate<AbortSignal>();
        bob.handle(protocol, async (request, { signal }) => {
          seen.resolve(signal);
          await aborted(signal);
          return request;
        });
        const pending = alice.request(bob.self, protocol, bytes(''), { timeoutMs });
        const rejection = expect(pending).rejects.toMatchObject({ code: 'request-aborted' });
        const handlerSignal = await seen.promise;
        await alice.close();
        await rejection;
        await aborted(handlerSignal);
      });

      it('aborts its own handlers; their callers learn that the peer is gone', async () => {
        const seen = gate<AbortSignal>();
        bob.handle(protocol, async (request, { signal }) => {
          seen.resolve(signal);
          await aborted(signal);
          return request;
        });
        const pending = alice.request(bob.self, protocol, bytes(''), { timeoutMs });
        const rejection = expect(pending).rejects.toMatchObject({ code: 'peer-unreachable' });
        const handlerSignal = await seen.promise;
        await bob.close();
        expect(handlerSignal.aborted).toBe(true);
        await rejection;
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'peer-unreachable',
        });
      });

      it('may be called twice; afterwards requests reject and notices vanish', async () => {
        bob.handle(protocol, echo);
        await alice.close();
        await alice.close();
        await expect(alice.request(bob.self, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
          code: 'request-aborted',
        });
        alice.notify(bob.self, protocol, bytes('x'));
      });
    });
  });
}
