import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decode, encode, hashBytes } from '@market-of-experts/core';
import { z } from 'zod';

/** With `GOLDEN=record` in the environment the files are written anew: only where the bytes are meant to change. */
const isRecording = process.env.GOLDEN === 'record';

/** Names things, and says the first 16 digits of the SHA-256 of each one's bytes. */
export type Fingerprints = Readonly<Record<string, string | readonly string[]>>;

export function fingerprint(bytes: Uint8Array): string {
  return hashBytes(bytes).slice(0, 16);
}

/** The same of a value's canonical bytes. */
export function fingerprintOf(value: unknown): string {
  return fingerprint(encode(value));
}

const pathOf = (name: string): string => join(import.meta.dirname, 'recorded', name);

/** What was recorded under a name; `today` is recorded instead where that is wanted. */
export function recordedFingerprints(name: string, today: Fingerprints): Fingerprints {
  const path = pathOf(`${name}.json`);
  if (isRecording) writeFileSync(path, `${JSON.stringify(today, null, 1)}\n`);
  return JSON.parse(readFileSync(path, 'utf8')) as Fingerprints;
}

const bytesListSchema = z.array(z.instanceof(Uint8Array));

/** The same for whole bytes, one after the other. */
export function recordedBytes(name: string, today: () => readonly Uint8Array[]): readonly Uint8Array[] {
  const path = pathOf(`${name}.cbor.gz`);
  if (isRecording) writeFileSync(path, gzipSync(encode(today()), { level: 9 }));
  return decode(gunzipSync(readFileSync(path)), bytesListSchema);
}
