import { type ErrorCode, generateKeyPair, MoeError, type NodeId } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { bytes, echo, gate, type Peers, protocol, text, timeoutMs } from './peers.ts';

/** Questions and their answers. */
export function requestTests(peers: Peers): void {
  describe('request', () => {
    it('returns what the handler answers and tells it who asks', async () => {
      peers.bob.handle(protocol, async (request, { from }) => bytes(`${text(request)} from ${from}`));
      const answer = await peers.alice.request(peers.bob.self, protocol, bytes('hello'), { timeoutMs });
      expect(text(answer)).toBe(`hello from ${peers.alice.self}`);
    });

    it('serves both directions and several peers at once', async () => {
      const carol = await peers.connect();
      for (const node of [peers.alice, peers.bob, carol]) node.handle(protocol, async () => bytes(node.self));
      const pairs = [peers.alice, peers.bob, carol].flatMap((from) =>
        [peers.alice, peers.bob, carol].map((to) => ({ from, to })),
      );
      await Promise.all(
        pairs.map(async ({ from, to }) => {
          const answer = await from.request(to.self, protocol, bytes(''), { timeoutMs });
          expect(text(answer)).toBe(to.self);
        }),
      );
    });

    it('gives every request its own answer, in whatever order they are ready', async () => {
      const places = peers.harness.limits.maxInFlightPerPeer;
      const waiting: (() => void)[] = [];
      peers.bob.handle(protocol, async (request) => {
        const { promise, resolve } = gate();
        waiting.push(resolve);
        if (waiting.length === places) for (const answer of waiting.toReversed()) answer();
        await promise;
        return request;
      });
      const questions = Array.from({ length: places }, (_, index) => `question ${index}`);
      const answers = await Promise.all(
        questions.map((question) =>
          peers.alice.request(peers.bob.self, protocol, bytes(question), { timeoutMs }),
        ),
      );
      expect(answers.map(text)).toEqual(questions);
    });

    it('carries empty messages and messages of exactly the limit', async () => {
      peers.bob.handle(protocol, echo);
      const empty = await peers.alice.request(peers.bob.self, protocol, new Uint8Array(), { timeoutMs });
      expect(empty.length).toBe(0);
      const full = new Uint8Array(peers.harness.limits.maxMessageBytes).map((_, index) => index % 251);
      const answer = await peers.alice.request(peers.bob.self, protocol, full, { timeoutMs });
      expect(Buffer.compare(answer, full)).toBe(0);
    });

    it('copies bytes at the border', async () => {
      const kept: Uint8Array[] = [];
      peers.bob.handle(protocol, async (request) => {
        kept.push(request);
        const seen = request.slice();
        request.fill(0);
        return seen;
      });
      const request = Buffer.from('mine');
      const pending = peers.alice.request(peers.bob.self, protocol, request, { timeoutMs });
      request.write('ours');
      const answer = await pending;
      expect(text(answer)).toBe('mine');
      expect(request.toString()).toBe('ours');

      const shared = bytes('answer');
      peers.bob.handle('test/shared/1', async () => shared);
      const first = await peers.alice.request(peers.bob.self, 'test/shared/1', bytes(''), { timeoutMs });
      first.fill(0);
      expect(text(shared)).toBe('answer');
    });

    it('rejects with unknown-protocol where there is no handler', async () => {
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'unknown-protocol',
      });
    });

    it('keeps notices and requests of one name apart', async () => {
      peers.bob.onNotice(protocol, () => {});
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'unknown-protocol',
      });
    });

    it('takes one handler per protocol', () => {
      peers.bob.handle(protocol, echo);
      expect(() => peers.bob.handle(protocol, echo)).toThrow(MoeError);
      peers.bob.onNotice(protocol, () => {});
      expect(() => peers.bob.onNotice(protocol, () => {})).toThrow(MoeError);
    });

    it('serves a protocol no more when its handler is taken away, until there is another', async () => {
      const takeAway = peers.bob.handle(protocol, echo);
      takeAway();
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'unknown-protocol',
      });
      peers.bob.handle(protocol, async () => bytes('another'));
      takeAway();
      expect(text(await peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }))).toBe(
        'another',
      );
      const forget = peers.bob.onNotice(protocol, () => {});
      forget();
      peers.bob.onNotice(protocol, () => {});
    });

    it('rejects with peer-unreachable for a node that is not there', async () => {
      const nobody = generateKeyPair().publicKey as NodeId;
      await expect(peers.alice.request(nobody, protocol, bytes(''), { timeoutMs })).rejects.toMatchObject({
        code: 'peer-unreachable',
        isRetryable: true,
      });
    });
  });
}

/** Handlers that fail. */
export function failureTests(peers: Peers): void {
  describe('a handler that fails', () => {
    it('passes on its message, and nothing else of an ordinary error', async () => {
      peers.bob.handle(protocol, async () => {
        throw new Error('The model is out of memory.');
      });
      const error = await peers.alice
        .request(peers.bob.self, protocol, bytes(''), { timeoutMs })
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
      peers.bob.handle(protocol, async () => {
        throw new MoeError('claim-refused', 'Held by another.', {
          isRetryable: true,
          metadata: { secret: 'x' },
        });
      });
      const error = await peers.alice
        .request(peers.bob.self, protocol, bytes(''), { timeoutMs })
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
      peers.bob.handle(protocol, async () => {
        throw new MoeError('x'.repeat(10_000) as ErrorCode, 'y'.repeat(1_000_000));
      });
      const error = (await peers.alice
        .request(peers.bob.self, protocol, bytes(''), { timeoutMs })
        .catch((reason: unknown) => reason)) as MoeError;
      expect(error.code).toBe('handler-failed');
      expect(error.message.length).toBeLessThanOrEqual(1_000);
      expect(JSON.stringify(error.metadata).length).toBeLessThanOrEqual(1_000);
    });

    it('may throw at once, or return what is no bytes', async () => {
      peers.bob.handle('test/throws/1', () => {
        throw new Error('at once');
      });
      peers.bob.handle('test/text/1', (async () => 'text') as never);
      const options = { timeoutMs };
      await expect(
        peers.alice.request(peers.bob.self, 'test/throws/1', bytes(''), options),
      ).rejects.toMatchObject({
        code: 'handler-failed',
        message: 'at once',
      });
      await expect(
        peers.alice.request(peers.bob.self, 'test/text/1', bytes(''), options),
      ).rejects.toMatchObject({
        code: 'handler-failed',
      });
    });
  });
}
