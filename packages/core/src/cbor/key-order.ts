/** Whether DAG-CBOR puts key `a` before `b`: the shorter first, then by bytes of their UTF-8. */
export function isBefore(a: string, b: string): boolean {
  if (isAscii(a) && isAscii(b)) return a.length === b.length ? a < b : a.length < b.length;
  const bytesOfA = Buffer.from(a);
  const bytesOfB = Buffer.from(b);
  if (bytesOfA.length !== bytesOfB.length) return bytesOfA.length < bytesOfB.length;
  return Buffer.compare(bytesOfA, bytesOfB) < 0;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
