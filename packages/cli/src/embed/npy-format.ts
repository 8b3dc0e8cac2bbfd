/**
 * The header of NumPy's `.npy`, version 1.0 (numpy.lib.format), for a float32 matrix in C order. Its length is
 * fixed, so that the number of rows can be rewritten in place while the file grows.
 */
export const npyHeaderBytes = 128;

const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');

export function npyHeader(rows: number, dimensions: number): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimensions}), }`;
  const header = Buffer.alloc(npyHeaderBytes, ' ');
  magic.copy(header);
  header.writeUInt16LE(npyHeaderBytes - magic.length - 2, magic.length);
  header.write(text, magic.length + 2, 'latin1');
  header.write('\n', npyHeaderBytes - 1, 'latin1');
  return header;
}

/** Shape in a header that {@link npyHeader} wrote; `undefined` for any other file. */
export function readNpyHeader(header: Buffer): { rows: number; dimensions: number } | undefined {
  if (header.length < npyHeaderBytes || !header.subarray(0, magic.length).equals(magic)) return undefined;
  const match = /^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$/.exec(
    header.toString('latin1', magic.length + 2, npyHeaderBytes),
  );
  if (match === null || header.readUInt16LE(magic.length) !== npyHeaderBytes - magic.length - 2)
    return undefined;
  return { rows: Number(match[1]), dimensions: Number(match[2]) };
}

/** float32, little-endian. */
export function littleEndian(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes;
}
