import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, type MarketId, systemRandom } from '@market-of-experts/core';
import { type ModelVersion, textKeyCommitment } from '@market-of-experts/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type VersionSpeaker, versionToSpeak } from '../../src/house/speak-version.ts';
import { openTextKeys } from '../../src/house/text-keys.ts';

let folder: string;
let warnings: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'text-keys-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = () => join(folder, 'text-keys.json');
const onWarning = (message: string): void => void warnings.push(message);

const market = 'text-embedding' as MarketId;
const model = (number: number, runtime: ModelVersion['runtime'] = { class: 'float32' }) => ({
  model: hashOf('test/model', number),
  runtime,
  dimensions: 2,
  windows: 1,
});
const vector = (...numbers: number[]): Uint8Array => new Uint8Array(Int16Array.from(numbers).buffer);
const probes = [vector(32_000, 10), vector(-5, 32_000)];
/** As a process that has just started. */
const speak = (changes: Partial<VersionSpeaker> = {}) =>
  versionToSpeak(
    { market, name: 'words', model: model(1), probes, announced: [], ...changes },
    { keys: openTextKeys(path()), random: systemRandom, onWarning },
  );

it('goes on under the version before, whether the ledger had heard of it or not', () => {
  const first = speak();
  expect(first.version.textKey).toBe(textKeyCommitment(first.textKey));
  expect(speak()).toEqual(first);
  expect(speak({ announced: [first] })).toEqual(first);
  expect(warnings).toEqual([]);
});

it('makes a fresh key for another model, market or expert, and none comes back', () => {
  const first = speak();
  const second = speak({ model: model(2), announced: [first] });
  expect(second.version.model).toBe(model(2).model);
  const third = speak({ announced: [first, second] });
  const elsewhere = speak({ market: 'other' as MarketId, announced: [] });
  const exact = speak({ name: 'another', model: model(1, { class: 'exact' }) });
  expect(new Set([first, second, third, elsewhere, exact].map(({ textKey }) => textKey)).size).toBe(5);
  // As from a copy of the file: the ledger has had another since.
  expect(speak({ announced: [third, second] }).textKey).not.toBe(third.textKey);
  expect(warnings).toEqual([]);
});

it('changes the version of a model that drifted while it was away, long before anybody could hold it against it', () => {
  const first = speak();
  expect(speak({ announced: [first], probes: [vector(32_000, 12), probes[1]!] }).hash).toBe(first.hash);
  const drifted = speak({ announced: [first], probes: [vector(32_000, 80), probes[1]!] });
  expect(drifted.hash).not.toBe(first.hash);
  expect(warnings).toEqual([expect.stringContaining('words answers otherwise than before this start')]);
  expect(speak({ announced: [first, drifted], probes: [vector(32_000, 80), probes[1]!] })).toEqual(drifted);
});

it('lets an exact model differ in nothing', () => {
  const exact = { model: model(1, { class: 'exact' as const }) };
  const first = speak(exact);
  expect(speak({ ...exact, probes: [vector(32_000, 11), probes[1]!] }).hash).not.toBe(first.hash);
});

it('keeps the keys for the owner of the file alone, and does not go on with a damaged file', () => {
  const first = speak();
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  writeFileSync(path(), readFileSync(path(), 'utf8').replace(first.textKey, 'f'.repeat(64)));
  expect(() => speak({ announced: [first] })).toThrow(expect.objectContaining({ code: 'file-damaged' }));
  // Set aside by `moe doctor --repair`, or lost.
  rmSync(path());
  const second = speak({ announced: [first] });
  expect(second.textKey).not.toBe(first.textKey);
  expect(speak({ announced: [first, second] })).toEqual(second);
});
