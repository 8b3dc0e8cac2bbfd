let last: Promise<unknown> = Promise.resolve();

/** Runs the work after all that was given before; an abort while it waits rejects with the signal's reason. */
export async function oneAtATime<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const turn = last.then(() => {
    signal?.throwIfAborted();
    return work();
  });
  last = turn.catch(() => {});
  return await turn;
}
