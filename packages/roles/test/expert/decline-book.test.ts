import { hashOf } from '@market-of-experts/core';
import { defaultParameters, type Roster } from '@market-of-experts/protocol';
import { expect, it } from 'vitest';
import { declineBook } from '../../src/expert/decline-book.ts';

it('allows as many declines in an epoch as the market does, however long the epoch is', () => {
  const epoch = (number: number): Roster =>
    ({
      beacon: hashOf('decline-book/beacon', number),
      parameters: { ...defaultParameters, declinesPerEpoch: 2 },
    }) as unknown as Roster;
  const book = declineBook();
  for (const number of [1, 2]) {
    for (const expected of [true, true, false]) {
      expect(book.mayDecline(epoch(number))).toBe(expected);
      if (expected) book.note(epoch(number));
    }
  }
});
