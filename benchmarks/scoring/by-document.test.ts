import { expect, it } from 'vitest';
import { agreementOf } from './by-document.ts';

const documents = ['a', 'a', 'b', 'c', 'd', 'd'];
/** Four encoders, each better than the one before on every text. */
const better = Array.from({ length: 4 }, (_, encoder) => documents.map((_, text) => encoder + text / 10));
const worse = better.map((values) => values.map((value) => -value));

it('is 1 where the lower loss is the more useful, −1 where it is the other way, with no doubt where every text agrees', () => {
  const same = agreementOf({ documents, ofEncoder: worse }, { documents, ofEncoder: better });
  expect(same.value).toBeCloseTo(1);
  expect(same.low).toBeCloseTo(1);
  expect(agreementOf({ documents, ofEncoder: better }, { documents, ofEncoder: better }).value).toBeCloseTo(
    -1,
  );
});

it('says how much it would be other with other documents', () => {
  // The first two encoders differ by what one document says.
  const odd = worse.map((values, encoder) =>
    values.map((value, text) => (text === 3 && encoder === 0 ? -9 : value)),
  );
  const { value, low, high } = agreementOf({ documents, ofEncoder: odd }, { documents, ofEncoder: better });
  expect(low).toBeLessThan(value + 1e-9);
  expect(high - low).toBeGreaterThan(0.1);
});
