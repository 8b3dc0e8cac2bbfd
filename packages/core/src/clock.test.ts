import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';

it('a sleep ends with its signal and leaves no listener behind', async () => {
  const controller = new AbortController();
  const slept = systemClock.sleep(60_000, controller.signal);
  controller.abort(new Error('over'));
  await expect(slept).rejects.toThrow('over');
  await expect(systemClock.sleep(60_000, controller.signal)).rejects.toThrow('over');

  const other = new AbortController();
  await systemClock.sleep(0, other.signal);
  expect(getEventListeners(other.signal, 'abort')).toHaveLength(0);
});
