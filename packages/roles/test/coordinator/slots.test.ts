import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createSlots } from '../../src/coordinator/slots.ts';

/** A task that runs until it is told to end. */
function gate() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

describe('slots', () => {
  it('run so many at once, the others in order', async () => {
    const slots = createSlots(2, 10);
    const started: number[] = [];
    const gates = Array.from({ length: 5 }, gate);
    const runs = gates.map(({ ended }, index) =>
      slots.run(() => {
        started.push(index);
        return ended;
      }),
    );
    expect(started).toEqual([0, 1]);
    gates[1]!.end();
    await runs[1];
    expect(started).toEqual([0, 1, 2]);
    for (const { end } of gates) end();
    await Promise.all(runs);
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  it('refuse what does not fit the queue, and recover', async () => {
    const slots = createSlots(1, 1);
    const first = gate();
    const running = slots.run(() => first.ended);
    const queued = slots.run(async () => 'queued');
    await expect(slots.run(async () => 'third')).rejects.toMatchObject({
      code: 'overloaded',
      isRetryable: true,
    });
    first.end();
    await running;
    expect(await queued).toBe('queued');
    expect(await slots.run(async () => 'again')).toBe('again');
  });

  it('a task that is aborted in the queue leaves it; one that fails frees its slot', async () => {
    const slots = createSlots(1, 1);
    const first = gate();
    const running = slots.run(() => first.ended);
    const controller = new AbortController();
    const queued = slots.run(async () => 'never', { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(queued).rejects.toThrow('gone');
    const next = slots.run(async () => {
      throw new Error('failed');
    });
    first.end();
    await running;
    await expect(next).rejects.toThrow('failed');
    const late = { signal: AbortSignal.abort(new Error('late')) };
    await expect(slots.run(async () => 'x', late)).rejects.toThrow('late');
    expect(await slots.run(async () => 'free')).toBe('free');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('callers take turns: one that waits for many does not hold up another', async () => {
    const slots = createSlots(1, 10);
    const order: string[] = [];
    const [many, one] = [Symbol('many'), Symbol('one')];
    const run = (name: string, caller: symbol) => slots.run(async () => void order.push(name), { caller });
    await Promise.all([
      run('many 1', many),
      run('many 2', many),
      run('many 3', many),
      run('many 4', many),
      run('one', one),
    ]);
    expect(order).toEqual(['many 1', 'many 2', 'one', 'many 3', 'many 4']);
  });
});
