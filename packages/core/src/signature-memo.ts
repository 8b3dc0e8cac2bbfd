import { hash } from 'node:crypto';

/**
 * Signatures known to be valid: checked before, or made in this process. Whether a signature is valid never
 * changes, and in the embedded market a dozen roles in one process check the same ones. When `recent` is full it
 * becomes `older`, and what was older is forgotten.
 */
let recent = new Set<string>();
let older = new Set<string>();
let isMemoOn = true;
const maxRecent = 8_192;

/** Benchmarks turn the memo off to see what roles on different machines would spend on signatures. */
export function setSignatureMemo(isOn: boolean): void {
  isMemoOn = isOn;
  recent = new Set();
  older = new Set();
}

/**
 * Under what a signature is remembered. Callers fix the length of `by` and of the signature before: bytes cannot move
 * from one field into the next, and an owner's 42 characters never look like a node's 64.
 */
export function memoKey(by: string, bytes: Uint8Array, signature: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from(by, 'latin1'), signature, bytes]), 'base64');
}

export function isKnown(key: string): boolean {
  return recent.has(key) || older.has(key);
}

export function remember(key: string): void {
  if (!isMemoOn) return;
  if (recent.size >= maxRecent) {
    older = recent;
    recent = new Set();
  }
  recent.add(key);
}
