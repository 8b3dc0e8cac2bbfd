import { encode, type MarketId } from '@market-of-experts/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { editionHash, readEdition } from '../../../src/editions/edition.ts';
import { LEDGER_LIMITS } from '../../../src/fields/limits.ts';
import { editionKey } from '../../../src/ledger/state/state.ts';
import { typedDataOf } from '../../../src/ledger/transaction/typed-transaction.ts';
import { fixtureTerms, MARKET, transactionFrom } from '../ledger-fixture.ts';
import { type Play, play } from '../play-fixture.ts';
import { editionAfter, examsOf, publish } from './edition-actions.ts';

let g: Play;
beforeEach(() => {
  g = play();
});
const next = (...rest: [names?: readonly string[], changes?: Parameters<typeof editionAfter>[2]]) =>
  editionAfter(g.state, ...rest);
const recordOf = (number: number) => g.state.editions.get(editionKey(MARKET, number));

describe('publishing an edition', () => {
  it('puts it in force and keeps its bytes, its hash, when, and by which exams', () => {
    const first = next();
    g.must('market-owner', publish(first));
    expect(g.market().edition).toEqual({ number: 1, hash: editionHash(first) });
    g.endEpoch();
    const second = next(['star', 'words']);
    g.must('market-owner', publish(second, examsOf()));
    const { epoch, beacon } = g.network();
    expect(recordOf(2)).toMatchObject({ hash: editionHash(second), epoch, beacon, exams: examsOf() });
    expect(readEdition(recordOf(2)!.edition)).toEqual(second);
    expect(readEdition(recordOf(1)!.edition)).toEqual(first);
    expect(recordOf(1)!.exams).toBeUndefined();
  });

  it('is its owner’s, but for the first of a market that has none, which the treasury may give', () => {
    g.refuse('alice', publish(next()), 'not-authorised');
    g.must('treasury', publish(next()));
    g.refuse('treasury', publish(next()), 'not-authorised');
    g.must('market-owner', publish(next()));
    g.refuse(
      'market-owner',
      publish(next([], { market: 'nowhere' as MarketId, parts: next().parts })),
      'unknown-market',
    );
  });

  it('takes no bytes that are no edition, or too many', () => {
    const bytes = (edition: Uint8Array) => ({ ...publish(next()), edition });
    for (const wrong of [
      new Uint8Array(),
      new Uint8Array(9),
      encode({ ...next(), more: 1 }),
      encode({ ...next(), parts: [] }),
    ])
      g.refuse('market-owner', bytes(wrong), 'invalid-edition');
    const swollen = new Uint8Array([...publish(next()).edition, 0]);
    g.refuse('market-owner', bytes(swollen), 'invalid-edition');
  });

  it('leaves no gap, and names the one before', () => {
    g.must('market-owner', publish(next()));
    const { hash } = g.market().edition!;
    g.refuse(
      'market-owner',
      publish(next([], { number: 1, previous: null, parts: next().parts })),
      'invalid-edition',
    );
    g.refuse('market-owner', publish(next(['star'], { number: 3 })), 'invalid-edition');
    g.refuse('market-owner', publish(next(['star'], { previous: examsOf().root })), 'invalid-edition');
    g.refuse('market-owner', publish(next(['star'], { network: 'other-net' })), 'invalid-edition');
    expect(g.market().edition!.hash).toBe(hash);
  });

  it('keeps the order of parts', () => {
    g.must('market-owner', publish(next(['star', 'words'])));
    g.refuse('market-owner', publish(next(['words', 'star'])), 'invalid-edition');
    g.must('market-owner', publish(next(['words', 'grams'])));
  });

  it('begins in the running epoch where exams chose it, and never later', () => {
    g.must('market-owner', publish(next()));
    g.endEpoch();
    const { epoch } = g.network();
    g.refuse(
      'market-owner',
      publish(next(['star'], { fromEpoch: epoch + 1, toEpoch: epoch + 2 })),
      'too-early',
    );
    g.refuse('market-owner', publish(next(['star'], { fromEpoch: epoch - 1 }), examsOf()), 'too-late');
    g.refuse(
      'market-owner',
      publish(next(['star'], { evidence: examsOf(1).root }), examsOf()),
      'invalid-edition',
    );
    g.refuse(
      'market-owner',
      publish(next(['star'], { evidence: examsOf(1).root }), examsOf(1)),
      'invalid-edition',
    );
    // What stood elsewhere before is taken over with its date.
    g.must('market-owner', publish(next(['star'], { fromEpoch: epoch - 1 })));
  });

  it('is remembered as long as it says: then the oldest makes room', () => {
    const served = g.network().epoch + 3;
    for (let number = 1; number <= LEDGER_LIMITS.editionsPerMarket; number += 1)
      g.must('market-owner', publish(next(['star'], { toEpoch: served })));
    expect(g.refuse('market-owner', publish(next()), 'limit-reached').message).toContain(
      'number 1 is served up to',
    );
    while (g.network().epoch < served) g.endEpoch();
    g.must('market-owner', publish(next()));
    expect(recordOf(1)).toBeUndefined();
    expect(g.state.editions.size).toBe(LEDGER_LIMITS.editionsPerMarket);
  });

  it('gives no number another meaning, also after the market has closed', () => {
    const market = 'passing' as MarketId;
    const create = { kind: 'createMarket', market, terms: fixtureTerms() } as const;
    g.must('carol', create);
    g.must('carol', publish(next(['star'], { market })));
    const { edition } = g.market(market);
    g.must('carol', { kind: 'closeMarket', market });
    while (g.state.markets.get(market) !== undefined) g.endEpoch();
    expect(g.state.editions.size).toBe(0);
    g.must('alice', create);
    expect(g.market(market).edition).toEqual(edition);
    g.refuse('alice', publish(next(['star'], { market, number: 1, previous: null })), 'invalid-edition');
    g.must('alice', publish(next(['words'], { market })));
    expect(g.market(market).edition!.number).toBe(2);
  });

  it('is shown to wallets with market and bytes', () => {
    const { types, message } = typedDataOf(
      transactionFrom(g.state, 'market-owner', publish(next(), examsOf())),
    );
    expect(types.PublishEdition!.map(({ name }) => name)).toEqual([
      'network',
      'from',
      'nonce',
      'market',
      'edition',
      'examsHash',
    ]);
    expect(message.edition).toEqual(publish(next()).edition);
  });
});

describe('publishing shares', () => {
  const shares = (millionths: number[], changes: object = {}) =>
    ({
      kind: 'publishShares',
      market: MARKET,
      edition: g.market().edition?.number ?? 1,
      epoch: g.network().epoch,
      millionths,
      exams: examsOf(),
      ...changes,
    }) as const;

  it('says what the parts of the edition in force get, once an epoch', () => {
    g.must('market-owner', publish(next(['star', 'words'])));
    g.must('market-owner', shares([600_000, 400_000]));
    const { epoch } = g.network();
    expect(recordOf(1)!.shares).toEqual({ epoch, millionths: [600_000, 400_000], exams: examsOf() });
    g.refuse('market-owner', shares([500_000, 500_000]), 'too-early');
    g.endEpoch();
    g.must('market-owner', shares([0, 1_000_000]));
    expect(recordOf(1)!.shares).toMatchObject({ epoch: epoch + 1, millionths: [0, 1_000_000] });
  });

  it('is refused to others, for other editions, epochs and sums', () => {
    g.refuse('market-owner', shares([1_000_000]), 'invalid-edition');
    g.must('market-owner', publish(next(['star', 'words'])));
    const right = [600_000, 400_000];
    g.refuse('alice', shares(right), 'not-authorised');
    g.refuse('treasury', shares(right), 'not-authorised');
    g.refuse('market-owner', shares(right, { market: 'nowhere' }), 'unknown-market');
    g.refuse('market-owner', shares(right, { edition: 2 }), 'invalid-edition');
    g.refuse('market-owner', shares(right, { epoch: g.network().epoch - 1 }), 'too-late');
    g.refuse('market-owner', shares(right, { epoch: g.network().epoch + 1 }), 'too-early');
    g.refuse('market-owner', shares([600_000, 400_001]), 'invalid-edition');
    g.refuse('market-owner', shares([1_000_000]), 'invalid-edition');
    g.refuse('market-owner', shares(right, { exams: examsOf(0, 1) }), 'invalid-edition');
    g.must('market-owner', publish(next(['star', 'words'])));
    g.refuse('market-owner', shares(right, { edition: 1 }), 'invalid-edition');
  });
});
