/** float32, little-endian, in base64. Undefined where it is none, or holds what is no number. */
export function vectorFromBase64(text: string): Float32Array | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const view = new DataView(new ArrayBuffer(binary.length));
  for (let at = 0; at < binary.length; at += 1) view.setUint8(at, binary.charCodeAt(at));
  const vector = new Float32Array(binary.length >> 2);
  for (let at = 0; at < vector.length; at += 1) vector[at] = view.getFloat32(at * 4, true);
  return binary.length % 4 === 0 && vector.length > 0 && vector.every(Number.isFinite) ? vector : undefined;
}
