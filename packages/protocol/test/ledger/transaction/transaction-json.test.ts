import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TransactionKind, transactionSchema } from '../../../src/ledger/transaction/transaction.ts';
import { transactionFromJson, transactionToJson } from '../../../src/ledger/transaction/transaction-json.ts';
import { genesis, idOf, MARKET, NETWORK, nodeOf } from '../ledger-fixture.ts';
import { anyTransaction } from './transaction-arbitrary.ts';

const transfer = {
  kind: 'transfer',
  network: NETWORK,
  from: idOf('alice') as string,
  nonce: 3,
  to: idOf('bob') as string,
  amountMicro: '1500000',
};

describe('a transaction as JSON', () => {
  test('comes back as it was, whatever its kind', () => {
    const met = new Set<TransactionKind>();
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        const text = JSON.stringify(transactionToJson(transaction));
        expect(transactionFromJson(JSON.parse(text))).toEqual(transaction);
        met.add(transaction.kind);
      }),
      { numRuns: 600 },
    );
    expect(met.size).toBe(transactionSchema.def.options.length);
  });

  test('has amounts and bytes as texts', () => {
    expect(transactionToJson(genesis())).toMatchObject({
      minValidatorStakeMicro: '100',
      markets: [{ terms: { parameters: { minimumStakeMicro: '10' } } }],
    });
    const stake = { role: 'validator', node: nodeOf('v') } as const;
    const rotate = {
      ...transfer,
      to: undefined,
      kind: 'rotate',
      target: stake,
      next: nodeOf('w'),
      consent: `0x${'aB'.repeat(64)}`,
    };
    const { to: _, amountMicro: __, ...json } = rotate;
    expect(transactionToJson(transactionFromJson(json))).toMatchObject({ consent: `0x${'ab'.repeat(64)}` });
  });

  test('takes an account with a right checksum and no other', () => {
    const checksummed = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
    expect(transactionFromJson({ ...transfer, to: checksummed })).toMatchObject({
      to: checksummed.toLowerCase(),
    });
    expect(() => transactionFromJson({ ...transfer, to: checksummed.replace('5aA', '5aa') })).toThrow(
      /transaction\.to .*checksum/,
    );
  });

  test.each([
    ['a number for an amount', { amountMicro: 5 }, 'transaction.amountMicro'],
    ['a negative amount', { amountMicro: '-5' }, 'transaction.amountMicro'],
    ['nothing', { amountMicro: '0' }, 'transaction.amountMicro'],
    ['2^63', { amountMicro: (2n ** 63n).toString() }, 'transaction.amountMicro'],
    ['a number with an exponent', { amountMicro: '1e6' }, 'transaction.amountMicro'],
    ['a number with zeros before it', { amountMicro: '007' }, 'transaction.amountMicro'],
    ['credits', { amountMicro: '1.5' }, 'transaction.amountMicro'],
    ['a field that there is not', { tip: '5' }, 'transaction.tip'],
    ['a field of all objects', { ['__proto__']: {} }, 'transaction.__proto__'],
    ['a fraction for a nonce', { nonce: 1.5 }, 'transaction.nonce'],
    ['a text for a nonce', { nonce: '1' }, 'transaction.nonce'],
    ['an account that is none', { to: '0x12' }, 'transaction.to'],
    ['a node for an account', { to: nodeOf('n') }, 'transaction.to'],
    ['half a surrogate pair', { kind: 'deposit', reference: '\ud800' }, 'transaction.reference'],
    ['an unknown kind', { kind: 'steal' }, 'transaction.kind'],
    ['no kind', { kind: undefined }, 'transaction.kind'],
    ['another network name', { network: 'A B' }, 'transaction.network'],
  ])('is refused with the path: %s', (_, change, param) => {
    const json: unknown = JSON.parse(JSON.stringify({ ...transfer, ...change }));
    const withOwnProto = Object.hasOwn(change, '__proto__')
      ? JSON.parse(`{${JSON.stringify(transfer).slice(1, -1)},"__proto__":{}}`)
      : json;
    expect(() => transactionFromJson(withOwnProto)).toThrow(
      expect.objectContaining({ code: 'invalid-transaction', metadata: { param } }),
    );
  });

  test('refuses unknown fields deep inside, too', () => {
    const stake = {
      ...transfer,
      to: undefined,
      kind: 'stake',
      target: { role: 'expert', market: MARKET, node: nodeOf('n'), owner: 'me' },
    };
    expect(() => transactionFromJson(JSON.parse(JSON.stringify(stake)))).toThrow('transaction.target.owner');
    const json = transactionToJson(genesis()) as { markets: { terms: { parameters: object } }[] };
    Object.assign(json.markets[0]!.terms.parameters, { tax: 1 });
    expect(() => transactionFromJson(json)).toThrow('transaction.markets.0.terms.parameters.tax');
  });

  test.each([
    [{ to: nodeOf('n') }, 'transaction.to must '],
    [{ nonce: 1.5 }, 'transaction.nonce: Invalid input'],
    [{ kind: 'deposit', reference: '\ud800' }, 'transaction.reference must be well-formed'],
  ])('says what is wrong in a sentence: %j', (change, sentence) => {
    const json: unknown = JSON.parse(JSON.stringify({ ...transfer, ...change }));
    expect(() => transactionFromJson(json)).toThrow(sentence);
  });

  test.each([null, [], 'text', 5, undefined])('refuses %j', (json) => {
    expect(() => transactionFromJson(json)).toThrow(expect.objectContaining({ code: 'invalid-transaction' }));
  });
});
