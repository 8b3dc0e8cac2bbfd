import { describe, expect, it, vi } from 'vitest';
import { createAdmission } from '../src/admission.ts';

const never = new AbortController().signal;
const options = { maxConcurrent: 1, maxQueued: 1, queueTimeoutMs: 60_000 };

describe('createAdmission', () => {
  it('admits up to its bound, queues the next and refuses one more', async () => {
    const admission = createAdmission(options);
    await admission.enter(never);
    const second = admission.enter(never);
    await expect(admission.enter(never)).rejects.toMatchObject({ code: 'queue-full' });
    expect([admission.active, admission.queued]).toEqual([1, 1]);
    admission.leave();
    await second;
    expect([admission.active, admission.queued]).toEqual([1, 0]);
    admission.leave();
    expect(admission.active).toBe(0);
  });

  it('admits in the order of arrival', async () => {
    const admission = createAdmission({ ...options, maxQueued: 3 });
    const order: number[] = [];
    await admission.enter(never);
    const waiting = [1, 2, 3].map((number) => admission.enter(never).then(() => order.push(number)));
    for (const one of waiting) {
      admission.leave();
      await one;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  it('forgets a request whose client left', async () => {
    const admission = createAdmission(options);
    await admission.enter(never);
    const controller = new AbortController();
    const second = admission.enter(controller.signal);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'request-aborted' });
    expect(admission.queued).toBe(0);
    admission.leave();
    expect(admission.active).toBe(0);
    await expect(admission.enter(controller.signal)).rejects.toMatchObject({ code: 'request-aborted' });
    expect(admission.active).toBe(0);
  });

  it('does not let a request wait for ever', async () => {
    vi.useFakeTimers();
    try {
      const admission = createAdmission({ ...options, queueTimeoutMs: 1_000 });
      await admission.enter(never);
      const refused = expect(admission.enter(never)).rejects.toMatchObject({
        code: 'overloaded',
        isRetryable: true,
      });
      await vi.advanceTimersByTimeAsync(1_000);
      await refused;
      expect(admission.queued).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
