import { fromHex, type Hash, toHex } from '@market-of-experts/core';
import type { OnceSaying } from './signing-guard.ts';

/** Bytes kept for a slot: until when (8 bytes), what was said (32 bytes). */
export function withUntil({ said, untilMs }: OnceSaying): Buffer {
  const value = Buffer.alloc(40);
  value.writeBigUInt64BE(BigInt(untilMs));
  value.set(fromHex(said), 8);
  return value;
}

export function untilOf(value: Buffer): Omit<OnceSaying, 'slot'> {
  return {
    untilMs: Number(value.readBigUInt64BE()),
    said: toHex(new Uint8Array(value.subarray(8, 40))) as Hash,
  };
}

/** Keys of the index by time sort as their times do. */
export function untilKey(untilMs: number, slot: string): string {
  return `${String(untilMs).padStart(16, '0')} ${slot}`;
}

export function slotOf(untilKey: string): { readonly untilMs: number; readonly slot: string } {
  return { untilMs: Number(untilKey.slice(0, 16)), slot: untilKey.slice(17) };
}
