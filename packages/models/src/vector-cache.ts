/** Least recently used vectors by text, within a bound on bytes. */
export class VectorCache {
  private readonly maxBytes: number;
  private readonly entries = new Map<string, Float32Array>();
  private bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get(text: string): Float32Array | undefined {
    const vector = this.entries.get(text);
    if (vector === undefined) return undefined;
    // A map keeps the order of insertion: the oldest use comes first.
    this.entries.delete(text);
    this.entries.set(text, vector);
    return vector;
  }

  set(text: string, vector: Float32Array): void {
    const bytes = sizeOf(text, vector);
    if (bytes > this.maxBytes) return;
    const replaced = this.entries.get(text);
    if (replaced !== undefined) {
      this.bytes -= sizeOf(text, replaced);
      this.entries.delete(text);
    }
    this.entries.set(text, vector);
    this.bytes += bytes;
    for (const [oldest, old] of this.entries) {
      if (this.bytes <= this.maxBytes) return;
      this.entries.delete(oldest);
      this.bytes -= sizeOf(oldest, old);
    }
  }
}

/** Two bytes a character, the vector, and about as much as a map entry and two objects take. */
function sizeOf(text: string, vector: Float32Array): number {
  return text.length * 2 + vector.byteLength + 200;
}
