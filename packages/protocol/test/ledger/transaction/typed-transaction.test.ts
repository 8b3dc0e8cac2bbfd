import {
  encode,
  fromHex,
  generateKeyPair,
  generateOwnerKey,
  toHex,
  typedDataHash,
  verifyTypedData,
} from '@market-of-experts/core';
import { TypedDataEncoder, verifyTypedData as verifyWithEthers, Wallet } from 'ethers';
import fc from 'fast-check';
import { hashTypedData } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { signTransaction, verifyTransactionAsync } from '../../../src/ledger/transaction/sign-transaction.ts';
import {
  TRANSACTION_DOMAIN,
  type Transaction,
  type TransactionOf,
} from '../../../src/ledger/transaction/transaction.ts';
import { typedDataJsonOf, typedDataOf } from '../../../src/ledger/transaction/typed-transaction.ts';
import { genesis, idOf, MARKET, NETWORK, nodeOf } from '../ledger-fixture.ts';
import { anyTransaction } from './transaction-arbitrary.ts';

interface WalletJson {
  readonly domain: Record<string, string>;
  readonly types: Record<string, { name: string; type: string }[]>;
  readonly primaryType: string;
  readonly message: Record<string, unknown>;
}

const transfer: TransactionOf<'transfer'> = {
  kind: 'transfer',
  network: NETWORK,
  from: idOf('alice'),
  nonce: 7,
  to: idOf('bob'),
  amountMicro: 1_500_000n,
};
const hashOf = (transaction: Transaction): string => `0x${toHex(typedDataHash(typedDataOf(transaction)))}`;
const jsonOf = (transaction: Transaction): WalletJson =>
  JSON.parse(JSON.stringify(typedDataJsonOf(transaction)));

describe('what an owner signs', () => {
  test('is a struct that a person can read', () => {
    expect(jsonOf(transfer)).toEqual({
      domain: { name: 'Market of Experts', version: '1' },
      primaryType: 'Transfer',
      types: {
        EIP712Domain: [
          { name: 'name', type: 'string' },
          { name: 'version', type: 'string' },
        ],
        Transfer: [
          { name: 'network', type: 'string' },
          { name: 'from', type: 'address' },
          { name: 'nonce', type: 'uint64' },
          { name: 'to', type: 'address' },
          { name: 'amountMicro', type: 'uint256' },
        ],
      },
      message: {
        network: NETWORK,
        from: idOf('alice'),
        nonce: '7',
        to: idOf('bob'),
        amountMicro: '1500000',
      },
    });
  });

  test('names targets, shows what matters of large parts and hashes the rest', () => {
    const target = { role: 'expert', market: MARKET, node: nodeOf('n') } as const;
    const { to: _, ...rest } = transfer;
    const stake = jsonOf({ ...rest, kind: 'stake', target });
    expect(stake.types.Stake).toContainEqual({ name: 'target', type: 'ExpertStake' });
    expect(stake.message.target).toEqual({ market: MARKET, node: `0x${nodeOf('n')}` });
    const { network, from, nonce } = transfer;
    const { terms } = genesis().markets[0]!;
    const created = jsonOf({ network, from, nonce, kind: 'createMarket', market: MARKET, terms });
    expect(created.message).toMatchObject({ market: MARKET, title: terms.title, feeBps: '200' });
    expect(created.message.termsHash).toMatch(/^0x[0-9a-f]{64}$/);
  });

  test('has the hash that viem and ethers compute from the JSON', () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        const { EIP712Domain: _, ...types } = jsonOf(transaction).types;
        const { domain, message } = jsonOf(transaction);
        expect(TypedDataEncoder.hash(domain, types, message)).toBe(hashOf(transaction));
        expect(hashTypedData(jsonOf(transaction) as never)).toBe(hashOf(transaction));
      }),
      { numRuns: 200 },
    );
  });

  test('binds every field: a transaction with another value anywhere has another hash', () => {
    fc.assert(
      fc.property(anyTransaction, anyTransaction, fc.nat(), (transaction, other, seed) => {
        const changed = changedSomewhere(transaction, seed);
        expect(Buffer.compare(encode(changed), encode(transaction))).not.toBe(0);
        expect(hashOf(changed)).not.toBe(hashOf(transaction));
        if (Buffer.compare(encode(other), encode(transaction)) !== 0)
          expect(hashOf(other)).not.toBe(hashOf(transaction));
      }),
      { numRuns: 1_000 },
    );
  });

  test('differs between kinds, roles and senders with the same values', () => {
    const node = nodeOf('n');
    const { to: _, amountMicro, ...header } = transfer;
    const targets = [
      { role: 'expert', market: MARKET, node },
      { role: 'validator', node },
    ] as const;
    const moves = (['stake', 'unstake', 'delegate', 'undelegate'] as const).flatMap((kind) =>
      targets.map((target): Transaction => ({ ...header, kind, target, amountMicro })),
    );
    const update: TransactionOf<'updateValidator'> = { ...header, kind: 'updateValidator', node };
    const commission = { ...header, kind: 'registerValidator', name: 'v', stakeMicro: 0n, node } as const;
    const all: Transaction[] = [
      ...moves,
      update,
      { ...update, name: '' as string },
      { ...commission, consent: new Uint8Array(64) },
      { ...commission, consent: new Uint8Array(64), commissionBps: 0 },
    ];
    expect(new Set(all.map(hashOf)).size).toBe(all.length);
  });
});

/** The transaction with one of its values replaced by another of the same type, at any depth. */
function changedSomewhere(transaction: Transaction, seed: number): Transaction {
  const paths: (string | number)[][] = [];
  const collect = (value: unknown, path: (string | number)[]): void => {
    if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
      for (const [name, inner] of Object.entries(value)) collect(inner, [...path, name]);
    else if (path.at(-1) !== 'kind' && path.at(-1) !== 'role') paths.push(path);
  };
  collect(transaction, []);
  const path = paths[seed % paths.length]!;
  const copy = structuredClone(transaction) as unknown as Record<string | number, unknown>;
  const holder = path.slice(0, -1).reduce((inner, name) => inner[name] as typeof copy, copy);
  const last = path.at(-1)!;
  holder[last] = other(holder[last]);
  return copy as unknown as Transaction;
}

function other(value: unknown): unknown {
  if (typeof value === 'bigint') return value + 1n;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (value instanceof Uint8Array) return Uint8Array.of(...value, 0);
  if (typeof value === 'string') return value.slice(0, -1) + (value.endsWith('0') ? '1' : '0');
  return nodeOf('another');
}

describe('signatures of transactions', () => {
  const bytesOf = (transaction: Transaction) => encode([TRANSACTION_DOMAIN, transaction]);

  test('of owners are those that ethers and viem make and take', async () => {
    const key = generateOwnerKey();
    const transaction = { ...transfer, from: key.address };
    const { signature } = signTransaction(key, transaction);
    const { EIP712Domain: _, ...types } = jsonOf(transaction).types;
    const { domain, message, primaryType } = jsonOf(transaction);
    const hex = `0x${toHex(key.privateKey)}` as const;
    const byEthers = await new Wallet(hex).signTypedData(domain, types, message);
    const byViem = await privateKeyToAccount(hex).signTypedData({
      domain,
      types,
      primaryType,
      message,
    } as never);
    expect(byEthers).toBe(`0x${toHex(signature)}`);
    expect(byViem).toBe(`0x${toHex(signature)}`);
    expect(verifyWithEthers(domain, types, message, byEthers).toLowerCase()).toBe(key.address);
    expect(verifyTypedData(key.address, typedDataOf(transaction), fromHex(byViem.slice(2)))).toBe(true);
    expect(await verifyTransactionAsync(transaction, bytesOf(transaction), signature)).toBe(true);
    const more = { ...transaction, amountMicro: transaction.amountMicro + 1n };
    expect(await verifyTransactionAsync(more, bytesOf(more), signature)).toBe(false);
  });

  test('of nodes stay ed25519 over the canonical bytes', async () => {
    const node = generateKeyPair();
    const commit: TransactionOf<'commitWeights'> = {
      kind: 'commitWeights',
      network: NETWORK,
      from: node.publicKey as never,
      nonce: 0,
      market: MARKET,
      epoch: 1,
      commitment: nodeOf('c') as never,
    };
    const { signature } = signTransaction(node, commit);
    expect(signature).toEqual(node.sign(bytesOf(commit)));
    expect(await verifyTransactionAsync(commit, bytesOf(commit), signature)).toBe(true);
    expect(
      await verifyTransactionAsync({ ...commit, epoch: 2 }, bytesOf({ ...commit, epoch: 2 }), signature),
    ).toBe(false);
  });

  test('cannot hold for a text that no wallet can sign, and that has no bytes', async () => {
    const key = generateOwnerKey();
    const deposit: TransactionOf<'deposit'> = {
      ...transfer,
      kind: 'deposit',
      from: key.address,
      reference: '\ud800',
    };
    const signable = { ...deposit, reference: '\ufffd' };
    const { signature } = signTransaction(key, signable);
    expect(await verifyTransactionAsync(deposit, bytesOf(signable), signature)).toBe(false);
    expect(() => bytesOf(deposit)).toThrow(expect.objectContaining({ code: 'invalid-encoding' }));
  });
});
