let last: Promise<unknown> = Promise.resolve();

/** Runs the work after all that was given before. */
export async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return await turn;
}
