/** The properties of commit_reveal_properties.json. */
import { expect, test } from 'vitest';
import { isEpochInputConsistent, rankEpoch } from '../../src/ranking/rank-epoch.ts';
import { readVectors } from './vector-files.ts';

const properties = new Map(
  readVectors<{ vectors: { name: string; expected: string }[] }>('commit_reveal_properties').vectors.map(
    ({ name, expected }) => [name, expected],
  ),
);

/** Uid 0 validates uids 1 to 3 with equal weights. */
const base = {
  block: 60,
  stake: [1_000, 0, 0, 0],
  validatorPermit: [true, false, false, false],
  lastUpdate: [55, 0, 0, 0],
  weights: {
    0: [
      [1, 65_535],
      [2, 65_535],
      [3, 65_535],
    ],
  },
  params: { commitReveal: true, tempo: 10, emission: 1_000 },
} as const;

test('test_epoch_masks_incoming_to_sniped_uid_prevents_inheritance', () => {
  const sniped = { ...base, blockAtRegistration: [1, 31, 1, 1], commitBlocks: [30, null, null, null] };
  const result = rankEpoch(sniped);
  expect(result.rank[1]).toBe(0);
  expect(result.incentive[1]).toBe(0);
  expect(result.incentive[2]).toBeGreaterThan(0);
  // The commit is no longer open, and the weights are newer than the newcomer: they count again.
  expect(rankEpoch({ ...sniped, commitBlocks: [null, null, null, null] }).incentive[1]).toBeGreaterThan(0);
});

test('test_epoch_no_mask_when_commit_reveal_disabled', () => {
  for (const block of [60, 70, 80]) {
    const result = rankEpoch({
      ...base,
      block,
      blockAtRegistration: [1, 31, 1, 1],
      commitBlocks: [30, null, null, null],
      params: { ...base.params, commitReveal: false },
    });
    expect(result.weights[0]).toHaveLength(3);
    expect(result.incentive[1]).toBeGreaterThan(0);
  }
});

test('test_epoch_does_not_mask_outside_window_but_masks_inside', () => {
  const result = rankEpoch({
    ...base,
    blockAtRegistration: [1, 29, 31, 32],
    commitBlocks: [30, null, null, null],
  });
  expect(result.incentive[1]).toBeGreaterThan(0);
  expect(result.incentive.slice(2)).toEqual([0, 0]);
});

test('test_last_update_size_mismatch', () => {
  const result = rankEpoch({
    block: 2,
    stake: [1_000],
    validatorPermit: [true],
    lastUpdate: [1, 1, 1],
    weights: [[[0, 65_535]]],
    params: { emission: 1_000 },
  });
  expect(properties.get('test_last_update_size_mismatch')).toContain('must not throw; all scores 0');
  expect(result.skipped).toBe('last-update-size');
  for (const scores of Object.values(result.u16)) expect(scores).toEqual([0]);
  expect(result.emission).toEqual([0]);
});

test('duplicate_hotkey_within_same_netuid_fails', () => {
  const input = { ...base, hotkeys: ['a', 'b', 'c', 'b'], bonds: { 0: [[1, 7]] } as const };
  expect(properties.get('duplicate_hotkey_within_same_netuid_fails')).toContain('epoch skipped');
  expect(isEpochInputConsistent(input)).toBe(false);
  const result = rankEpoch(input);
  expect(result.skipped).toBe('duplicate-hotkey');
  expect(result.emission).toEqual([0, 0, 0, 0]);
  expect(result.newValidatorPermit).toEqual(base.validatorPermit);
  expect(result.storedBonds[0]).toEqual([[1, 7]]);
  expect(rankEpoch({ ...input, hotkeys: ['a', 'b', 'c', 'd'] }).skipped).toBeNull();
});
