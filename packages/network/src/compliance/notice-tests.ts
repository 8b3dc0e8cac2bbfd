import { generateKeyPair, type NodeId } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { aborted, bytes, echo, gate, type Peers, protocol, text, timeoutMs, untilAborted } from './peers.ts';

/** What nobody answers. */
export function noticeTests(peers: Peers): void {
  describe('notice', () => {
    it('arrives with its sender, in bytes of its own', async () => {
      const arrived = gate<{ notice: Uint8Array; from: NodeId }>();
      peers.bob.onNotice(protocol, (notice, { from }) => arrived.resolve({ notice, from }));
      const notice = bytes('news');
      peers.alice.notify(peers.bob.self, protocol, notice);
      notice.fill(0);
      const got = await arrived.promise;
      expect(text(got.notice)).toBe('news');
      expect(got.from).toBe(peers.alice.self);
    });

    it('is lost in silence without a handler or without the peer', async () => {
      peers.bob.handle(protocol, echo);
      peers.alice.notify(peers.bob.self, 'test/nobody-listens/1', bytes('x'));
      peers.alice.notify(generateKeyPair().publicKey as NodeId, protocol, bytes('x'));
      expect(text(await peers.alice.request(peers.bob.self, protocol, bytes('fine'), { timeoutMs }))).toBe(
        'fine',
      );
    });

    it('outlives a handler that throws', async () => {
      const second = gate<string>();
      let count = 0;
      peers.bob.onNotice(protocol, (notice) => {
        count += 1;
        if (count === 1) throw new Error('bad notice');
        second.resolve(text(notice));
      });
      peers.alice.notify(peers.bob.self, protocol, bytes('first'));
      peers.alice.notify(peers.bob.self, protocol, bytes('second'));
      expect(await second.promise).toBe('second');
    });
  });
}

/** Transports that close. */
export function closeTests(peers: Peers): void {
  describe('close', () => {
    it('rejects what is in flight and aborts the handlers at the peer', async () => {
      const signal = untilAborted(peers.bob);
      const pending = peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs });
      const rejection = expect(pending).rejects.toMatchObject({ code: 'request-aborted' });
      const handlerSignal = await signal;
      await peers.alice.close();
      await rejection;
      await aborted(handlerSignal);
    });

    it('aborts its own handlers; their callers learn that the peer is gone', async () => {
      const signal = untilAborted(peers.bob);
      const pending = peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs });
      const rejection = expect(pending).rejects.toMatchObject({ code: 'peer-unreachable' });
      const handlerSignal = await signal;
      await peers.bob.close();
      expect(handlerSignal.aborted).toBe(true);
      await rejection;
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'peer-unreachable',
      });
    });

    it('may be called twice; afterwards requests reject and notices vanish', async () => {
      peers.bob.handle(protocol, echo);
      await peers.alice.close();
      await peers.alice.close();
      await expect(
        peers.alice.request(peers.bob.self, protocol, bytes(''), { timeoutMs }),
      ).rejects.toMatchObject({
        code: 'request-aborted',
      });
      peers.alice.notify(peers.bob.self, protocol, bytes('x'));
    });
  });
}
