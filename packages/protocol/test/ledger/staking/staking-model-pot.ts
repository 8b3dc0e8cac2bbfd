/** An exact fraction of micro-credits. */
export class Exact {
  readonly n: bigint;
  readonly d: bigint;
  constructor(n: bigint, d = 1n) {
    let [a, b] = [n < 0n ? -n : n, d];
    while (b !== 0n) [a, b] = [b, a % b];
    this.n = a === 0n ? 0n : n / a;
    this.d = a === 0n ? 1n : d / a;
  }
  plus(other: Exact): Exact {
    return new Exact(this.n * other.d + other.n * this.d, this.d * other.d);
  }
  minus(other: Exact): Exact {
    return new Exact(this.n * other.d - other.n * this.d, this.d * other.d);
  }
  times(other: Exact): Exact {
    return new Exact(this.n * other.n, this.d * other.d);
  }
  over(other: Exact): Exact {
    return new Exact(this.n * other.d, this.d * other.n);
  }
  abs(): Exact {
    return new Exact(this.n < 0n ? -this.n : this.n, this.d);
  }
  atMost(other: Exact): boolean {
    return this.n * other.d <= other.n * this.d;
  }
}
export const exact = (micro: bigint): Exact => new Exact(micro);
const zero = exact(0n);

/**
 * A pot as a naive list: what each has in it, exactly, without shares. Only the ledger rounds; `error` bounds how far all its
 * holders together may be from this list: two micro-credits for every time somebody came or left a part, growing and shrinking
 * with the pot.
 */
export class ModelPot {
  totalMicro = 0n;
  error: Exact = zero;
  readonly parts = new Map<string, Exact>();

  of(holder: string): Exact {
    return this.parts.get(holder) ?? zero;
  }

  add(holder: string, micro: bigint): void {
    // Who holds nothing any more has no say in what comes.
    if (this.totalMicro === 0n) this.#clear();
    this.parts.set(holder, this.of(holder).plus(exact(micro)));
    this.totalMicro += micro;
    this.#widen();
  }

  takePart(holder: string, micro: bigint): void {
    this.parts.set(holder, this.of(holder).minus(exact(micro)));
    this.totalMicro -= micro;
    this.#widen();
  }

  /** A holder leaves with what the ledger pays: his part, rounded down. The fraction stays with the others. */
  takeAll(holder: string, paidMicro: bigint): void {
    const part = this.of(holder);
    const isFair = exact(paidMicro)
      .minus(part)
      .abs()
      .atMost(this.error.plus(exact(1n)));
    if (!isFair)
      throw new Error(`${holder} was paid ${paidMicro} for ${part.n}/${part.d} ± ${this.#tolerance()}`);
    this.parts.delete(holder);
    const others = exact(this.totalMicro).minus(part);
    this.totalMicro -= paidMicro;
    if (this.totalMicro === 0n) this.#clear();
    else if (others.n > 0n) this.#stretch(exact(this.totalMicro).over(others));
    else throw new Error(`${this.totalMicro} are left in a pot in which nobody has a part`);
  }

  /** A reward or a slash: everybody's part grows or shrinks alike. */
  becomes(totalMicro: bigint): void {
    if (this.totalMicro === totalMicro) return;
    const factor = new Exact(totalMicro, this.totalMicro);
    this.totalMicro = totalMicro;
    this.#stretch(factor);
  }

  #stretch(factor: Exact): void {
    for (const [holder, part] of this.parts) this.parts.set(holder, part.times(factor));
    this.error = this.error.times(factor);
  }

  /** Nobody can be further off than everything. */
  #widen(): void {
    const wider = this.error.plus(exact(2n));
    const most = exact(2n * this.totalMicro);
    this.error = wider.atMost(most) ? wider : most;
  }

  #clear(): void {
    this.parts.clear();
    this.error = zero;
  }

  #tolerance(): number {
    return Number(this.error.n) / Number(this.error.d);
  }
}
