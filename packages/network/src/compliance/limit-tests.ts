import { describe, expect, it } from 'vitest';
import { aborted, bytes, echo, gate, type Peers, protocol, text, timeoutMs, untilAborted } from './peers.ts';

/** Sizes, and requests in flight. */
export function limitTests(peers: Peers): void {
  describe('limits', () => {
    it('refuses a request, an answer and a notice over the size limit', async () => {
      const large = new Uint8Array(peers.harness.limits.maxMessageBytes + 1);
      let served = 0;
      peers.bob.handle(protocol, async () => {
        served += 1;
        return large;
      });
      const options = { timeoutMs };
      await expect(peers.alice.request(peers.bob.self, protocol, large, options)).rejects.toMatchObject({
        code: 'message-too-large',
      });
      expect(served).toBe(0);
      await expect(peers.alice.request(peers.bob.self, protocol, bytes(''), options)).rejects.toMatchObject({
        code: 'message-too-large',
      });
      expect(() => peers.alice.notify(peers.bob.self, protocol, large)).toThrow(
        expect.objectContaining({ code: 'message-too-large' }),
      );
    });

    it('rejects with queue-full beyond the requests in flight to one peer, and only to that peer', async () => {
      const carol = await peers.connect();
      const { promise, resolve } = gate();
      peers.bob.handle(protocol, async (request) => {
        await promise;
        return request;
      });
      carol.handle(protocol, echo);
      const places = peers.harness.limits.maxInFlightPerPeer;
      const pending = Array.from({ length: places }, () =>
        peers.alice.request(peers.bob.self, protocol, bytes('in'), { timeoutMs }),
      );
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'queue-full',
        isRetryable: true,
      });
      expect(text(await peers.alice.request(carol.self, protocol, bytes('other'), { timeoutMs }))).toBe(
        'other',
      );
      resolve();
      await Promise.all(pending);
      expect(text(await peers.alice.request(peers.bob.self, protocol, bytes('again'), { timeoutMs }))).toBe(
        'again',
      );
    });

    it('counts handlers that ignore the cancellation against their caller', async () => {
      const { promise, resolve } = gate();
      const started = Array.from({ length: peers.harness.limits.maxInFlightPerPeer }, () => gate());
      let running = 0;
      peers.bob.handle(protocol, async (request) => {
        started[running]?.resolve();
        running += 1;
        await promise;
        return request;
      });
      for (const { promise: isStarted } of started) {
        const controller = new AbortController();
        const pending = peers.alice.request(peers.bob.self, protocol, bytes(''), {
          timeoutMs,
          signal: controller.signal,
        });
        await isStarted;
        controller.abort();
        await expect(pending).rejects.toMatchObject({ code: 'request-aborted' });
      }
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'queue-full',
      });
      resolve();
    });
  });
}

/** Timeouts and cancellation. */
export function patienceTests(peers: Peers): void {
  describe('giving up', () => {
    it('rejects with request-timeout, aborts the handler and drops its late answer', async () => {
      const seen = gate<AbortSignal>();
      const { promise, resolve } = gate();
      peers.bob.handle(protocol, async (request, { signal }) => {
        seen.resolve(signal);
        await promise;
        return request;
      });
      const pending = peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs: 50 });
      await expect(pending).rejects.toMatchObject({ code: 'request-timeout', isRetryable: true });
      await aborted(await seen.promise);
      resolve();
      peers.bob.handle('test/next/1', echo);
      expect(
        text(await peers.alice.request(peers.bob.self, 'test/next/1', bytes('next'), { timeoutMs })),
      ).toBe('next');
    });

    it('does not send what was aborted before', async () => {
      let served = 0;
      peers.bob.handle(protocol, async (request) => {
        served += 1;
        return request;
      });
      const signal = AbortSignal.abort();
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs, signal }),
      ).rejects.toMatchObject({
        code: 'request-aborted',
      });
      await peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs });
      expect(served).toBe(1);
    });

    it('rejects with request-aborted and aborts the handler', async () => {
      const signal = untilAborted(peers.bob);
      const controller = new AbortController();
      const pending = peers.alice.request(peers.bob.self, protocol, bytes(''), {
        timeoutMs,
        signal: controller.signal,
      });
      const handlerSignal = await signal;
      expect(handlerSignal.aborted).toBe(false);
      controller.abort();
      await expect(pending).rejects.toMatchObject({ code: 'request-aborted' });
      await aborted(handlerSignal);
    });
  });
}
