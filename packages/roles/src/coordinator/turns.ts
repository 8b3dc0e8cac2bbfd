/** Whoever waits for something, told apart by identity: one request, one account. */
export type Caller = symbol;

/** A queue in which callers take turns: whoever waits for a thousand things does not hold up another's single one. */
export class Turns<Item> {
  /** Callers in the order of their turns, each with what it waits for, the oldest first. */
  readonly #waiting = new Map<Caller, Set<Item>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(caller: Caller, item: Item): void {
    const own = this.#waiting.get(caller);
    if (own === undefined) this.#waiting.set(caller, new Set([item]));
    else own.add(item);
    this.#size += 1;
  }

  /** What `shift` would take out. */
  peek(): Item | undefined {
    for (const own of this.#waiting.values()) for (const item of own) return item;
    return undefined;
  }

  /** Takes out the oldest of the caller whose turn it is. */
  shift(): Item | undefined {
    for (const [caller, own] of this.#waiting)
      for (const item of own) {
        this.delete(caller, item);
        if (own.size > 0) {
          this.#waiting.delete(caller);
          this.#waiting.set(caller, own);
        }
        return item;
      }
    return undefined;
  }

  /** False when it waits no more. */
  delete(caller: Caller, item: Item): boolean {
    const own = this.#waiting.get(caller);
    if (own?.delete(item) !== true) return false;
    if (own.size === 0) this.#waiting.delete(caller);
    this.#size -= 1;
    return true;
  }
}
