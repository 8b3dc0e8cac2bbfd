/**
 * Makes something when it is first asked for, once: whoever asks meanwhile and afterwards shares it. A failure is told to those who
 * waited for it, and never remembered: the next caller has it made anew.
 */
export function madeOnce<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    if (made !== undefined) return made;
    const current = make();
    made = current;
    current.catch(() => {
      if (made === current) made = undefined;
    });
    return current;
  };
}
