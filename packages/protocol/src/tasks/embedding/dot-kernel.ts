/**
 * Many exact dot products and sums of int16 vectors at once: WebAssembly SIMD, eight products an instruction.
 * Scoring a job takes tens of thousands of them. Integers only, so every machine gets the same numbers.
 *
 * The module is `dot-kernel.wat`, assembled (`wat2wasm --enable-simd`): for i < count,
 * `dots`: `out[i] = Σ a[i·aStep + k]·b[i·bStep + k]` over `bytes` bytes, a multiple of 32; `sums`: the rows, added
 * axis by axis to the int32s at `out`.
 */
const moduleBytes = Buffer.from(
  'AGFzbQEAAAABEgJgB39/f39/f38AYAR/f39/AAMDAgABBQMBAAEHGAMGbWVtb3J5AgAEZG90cwAABHN1bXMAAQrYAgLPAQIDfwJ7AkADQCAERQ0B/QwAAAAAAAAAAAAAAAAAAAAAIQr9DAAAAAAAAAAAAAAAAAAAAAAhCyAAIQggAiEJIAAgBWohBwNAIAogCP0ABAAgCf0ABAD9ugH9rgEhCiALIAj9AAQQIAn9AAQQ/boB/a4BIQsgCEEgaiEIIAlBIGohCSAIIAdJDQALIAogC/2uASEKIAYgCv0bACAK/RsBaiAK/RsCIAr9GwNqajYCACAGQQRqIQYgACABaiEAIAIgA2ohAiAEQQFrIQQMAAsLC4QBAgN/A3sDQCAD/QAEACEHIAP9AAQQIQggACAEaiEFIAEhBgJAA0AgBkUNASAF/QAEACEJIAcgCf2nAf2uASEHIAggCf2oAf2uASEIIAUgAmohBSAGQQFrIQYMAAsLIAMgB/0LBAAgAyAI/QsEECADQSBqIQMgBEEQaiEEIAQgAkkNAAsL',
  'base64',
);

interface Kernel {
  readonly memory: WebAssembly.Memory;
  dots(a: number, aStep: number, b: number, bStep: number, count: number, bytes: number, out: number): void;
  sums(rows: number, count: number, bytes: number, out: number): void;
}

const kernel = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes)).exports as unknown as Kernel;
const pageBytes = 65_536;

/** Rows of int16 vectors inside the kernel's memory. Valid until the next {@link dotSession} begins. */
export interface DotRows {
  readonly pointer: number;
  readonly count: number;
}

export interface DotSession {
  /** Copies vectors of the session's dimension in. */
  load(vectors: readonly Int16Array[]): DotRows;
  /** A copy of some rows. They count as loaded. */
  pick(rows: DotRows, indices: readonly number[]): DotRows;
  /** `out[i] = ⟨query, rows[i]⟩`. The query is the first row of its own rows. */
  each(query: DotRows, rows: DotRows): Int32Array;
  /** `out[i] = ⟨a[i], b[i]⟩`. */
  pairs(a: DotRows, b: DotRows): Int32Array;
  /** Sum of all rows of all the given, axis by axis. At most 2¹⁶ rows. */
  sum(all: readonly DotRows[]): Int32Array;
}

/**
 * A calculation in the kernel's memory. `vectors` is the most that it will load, `outputs` the most numbers that
 * one call gives. Not re-entrant: finish one before beginning the next (nothing here waits).
 */
export function dotSession(dimension: number, vectors: number, outputs: number): DotSession {
  const rowBytes = Math.ceil(dimension / 16) * 32;
  const outBytes = Math.max(4 * outputs, 2 * rowBytes);
  const missing = outBytes + vectors * rowBytes - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageBytes));
  const memory = new Int16Array(kernel.memory.buffer);
  let end = Math.ceil(outBytes / 32) * 32;
  const run = (a: DotRows, aStep: number, b: DotRows): Int32Array => {
    kernel.dots(a.pointer, aStep, b.pointer, rowBytes, b.count, rowBytes, 0);
    return new Int32Array(kernel.memory.buffer, 0, b.count).slice();
  };
  return {
    load(rows) {
      const pointer = end;
      for (const row of rows) {
        memory.set(row, end / 2);
        // Padding to whole instructions must be zero: the memory holds what was there before.
        if (2 * dimension < rowBytes) memory.fill(0, end / 2 + dimension, (end + rowBytes) / 2);
        end += rowBytes;
      }
      return { pointer, count: rows.length };
    },
    pick(rows, indices) {
      const pointer = end;
      for (const index of indices) {
        const start = (rows.pointer + index * rowBytes) / 2;
        memory.copyWithin(end / 2, start, start + rowBytes / 2);
        end += rowBytes;
      }
      return { pointer, count: indices.length };
    },
    each: (query, rows) => run(query, 0, rows),
    pairs: (a, b) => run(a, rowBytes, b),
    sum(all) {
      new Int32Array(kernel.memory.buffer, 0, rowBytes / 2).fill(0);
      for (const { pointer, count } of all) kernel.sums(pointer, count, rowBytes, 0);
      return new Int32Array(kernel.memory.buffer, 0, dimension).slice();
    },
  };
}
