import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encode,
  generateKeyPair,
  generateOwnerKey,
  type MarketId,
  type NodeId,
  sha256,
  toHex,
} from '@market-of-experts/core';
import { listWallets } from '@market-of-experts/core/keystore';
import { exactIndexKind, openHistory } from '@market-of-experts/history';
import {
  sampleDimensions,
  sampleRecord,
  sampleUnitsPerJob,
} from '@market-of-experts/history/records/sample-records';
import { assertDataFormat, markDataFormat } from '@market-of-experts/host/directory/data-format';
import { openKeyFile } from '@market-of-experts/host/directory/key-file';
import { readValidatorMemory, writeValidatorMemory } from '@market-of-experts/host/directory/validator-file';
import { fileSnapshots, memoryReceipts } from '@market-of-experts/ledger';
import {
  CHAIN_START,
  chainEntry,
  readEntry,
  type SealedTransaction,
  seal,
} from '@market-of-experts/ledger/log/entry';
import { readWeightFile } from '@market-of-experts/models/weight-file';
import {
  recordSchemas,
  Standings,
  signTransaction,
  TRANSACTION_DOMAIN,
  type Transaction,
  tableNames,
  transactionSchema,
} from '@market-of-experts/protocol';
import { readStandings, writeStandings } from '@market-of-experts/roles/settlement/standings-file';
import { z } from 'zod';
import { exampleOf } from '../example.ts';
import { looseCbor } from '../loose-cbor.ts';
import { mutateBytes, mutateValue } from '../mutate.ts';
import { type Random, randomFrom } from '../random.ts';
import type { Target } from '../target.ts';

/** Decoders of files. Each case writes one file into a folder of its own and opens it; `close` takes the folder away. */
export function fileTargets(): { readonly targets: readonly Target[]; close(): void } {
  const root = mkdtempSync(join(tmpdir(), 'moe-fuzz-'));
  const folder = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const targets = [
    entryTarget(),
    snapshotTarget(folder('snapshots')),
    weightsTarget(join(root, 'weights.moe')),
    ...smallFiles(root, folder),
    ...historyTargets(root),
  ];
  return { targets, close: () => rmSync(root, { recursive: true, force: true }) };
}

/** A log entry whose chain hash is right, whatever it holds. */
function entryTarget(): Target {
  const key = generateOwnerKey();
  const kinds = transactionSchema.options.filter(({ shape }) =>
    /^(transfer|stake|deposit)$/.test(shape.kind.value),
  );
  const some = randomFrom(1);
  const sealed = Array.from({ length: 12 }, () => {
    const transaction = { ...(exampleOf(some.of(kinds), some) as Transaction), from: key.address };
    return seal(signTransaction(key, transactionSchema.parse(transaction)));
  });
  const entry = (one: SealedTransaction): Uint8Array => chainEntry(CHAIN_START, one).bytes;
  return {
    name: 'log entry',
    weight: 0.2,
    example: (random) => entry(random.of(sealed)),
    mutant: (random) => {
      const one = random.of(sealed);
      const signedBytes = looseCbor(mutateValue([TRANSACTION_DOMAIN, one.transaction], random), random);
      return entry({ ...one, signedBytes, signature: random.bytes(random.of([0, 64, 65, 255])) });
    },
    read: (bytes) => chainEntry(CHAIN_START, readEntry(0, CHAIN_START, bytes)).bytes,
  };
}

function snapshotTarget(directory: string): Target {
  const file = (frames: readonly Uint8Array[]): Uint8Array => {
    const body = Buffer.concat(
      frames.flatMap((frame) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(frame.length);
        return [length, frame];
      }),
    );
    return Buffer.concat([body, sha256(body)]);
  };
  const values = (random: Random): unknown[] => [
    { format: 2, network: 'text-embedding', height: 3, headHash: '3f9c'.repeat(16) },
    ...Array.from({ length: 3 }, () => {
      const table = random.of(tableNames);
      return [table, 'key', exampleOf(recordSchemas[table] as unknown as z.ZodType, random)];
    }),
  ];
  const snapshots = fileSnapshots(directory);
  return {
    name: 'snapshot',
    weight: 0.1,
    example: (random) => file(values(random).map(encode)),
    mutant: (random) => file(values(random).map((value) => looseCbor(mutateValue(value, random), random))),
    read: async (bytes) => {
      writeFileSync(join(directory, '000000000003.snapshot'), bytes);
      for await (const _ of snapshots.newestFirst(() => {}));
      return undefined;
    },
  };
}

function weightsTarget(path: string): Target {
  const file = (header: Uint8Array): Uint8Array => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    const body = Buffer.concat([Buffer.from('MOEWGT01'), length, header, Buffer.alloc(64)]);
    return Buffer.concat([body, sha256(body)]);
  };
  const header = { kind: 'x', metadata: { a: 1 }, tensors: [{ name: 'w', type: 'float32', length: 4 }] };
  return {
    name: 'weights',
    weight: 0.2,
    example: () => file(Buffer.from(JSON.stringify(header))),
    mutant: (random) => {
      const changed = mutateValue(header, random);
      const text =
        JSON.stringify(changed, (_, value) => (typeof value === 'bigint' ? `${value}` : value)) ?? '';
      return file(mutateBytesNowAndThen(Buffer.from(text), random));
    },
    read: (bytes) => {
      writeFileSync(path, bytes);
      readWeightFile(path, 'x', z.object({ a: z.number() }));
      return undefined;
    },
  };
}

function mutateBytesNowAndThen(bytes: Uint8Array, random: Random): Uint8Array {
  return random.onceIn(2) ? bytes : mutateBytes(bytes, bytes, random);
}

/** Files that are opened whole. */
function smallFiles(root: string, folder: (name: string) => string): Target[] {
  const node = generateKeyPair().publicKey as NodeId;
  const keys = join(root, 'keys.json');
  openKeyFile({ path: keys, names: { owners: ['house'], nodes: ['one'] }, hasLedger: false });
  const memory = join(root, 'validator.json');
  writeValidatorMemory(memory, { promises: [], record: new Map(), caught: new Set([node]) });
  const standings = join(root, 'standings.cbor');
  writeStandings(standings, {
    batch: 0,
    standings: Standings.fromRows([[node, 0, 3, 100, 0, 5]]),
    totals: { certified: 1, routed: 0, refunded: 0, calls: {} },
  });
  const wallet = join(folder('wallets'), 'alice.json');
  const key = toHex(generateOwnerKey().privateKey);
  writeFileSync(wallet, JSON.stringify({ version: 3, address: key.slice(0, 40), crypto: {} }));
  const format = join(folder('data'), 'format');
  markDataFormat(join(root, 'data'));
  const file = (name: string, path: string, read: () => unknown): Target => {
    const whole = readFileSync(path);
    return {
      name,
      weight: 0.2,
      example: () => whole,
      read: async (bytes) => {
        writeFileSync(path, bytes);
        await read();
        return undefined;
      },
    };
  };
  return [
    file('key file', keys, () =>
      openKeyFile({ path: keys, names: { owners: ['house'], nodes: ['one'] }, hasLedger: true }).owner(
        'house',
      ),
    ),
    file('validator’s record', memory, () => readValidatorMemory(memory)),
    file('standings', standings, () =>
      readStandings({
        path: standings,
        ledger: { market: () => undefined, height: () => 0, entries: async () => [] },
        market: 'texts' as MarketId,
        gateway: 'gateway' as NodeId,
        receipts: memoryReceipts(),
        onWarning: () => {},
      }),
    ),
    file('wallet list', wallet, () => listWallets(join(root, 'wallets'))),
    file('data format', format, () => assertDataFormat(join(root, 'data'))),
  ];
}

/** One target for every file of a history's folder. */
function historyTargets(root: string): Target[] {
  const directory = join(root, 'history');
  const init = {
    directory,
    unitsPerJob: sampleUnitsPerJob,
    dimensions: sampleDimensions,
    indexKind: exactIndexKind,
  } as const;
  const history = openHistory(init);
  for (let job = 0; job < 5; job++) history.append(sampleRecord(job));
  history.close();
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const whole = new Map(files.map((path) => [path, readFileSync(path)]));
  return files.map((path) => ({
    // An index has a name of its own in every folder.
    name: `history ${path.slice(directory.length + 1).replace(/-[0-9a-f]{8}-[0-9a-f-]{27}/, '')}`,
    weight: 0.05,
    example: () => whole.get(path)!,
    read: (bytes) => {
      rmSync(directory, { recursive: true, force: true });
      for (const [each, content] of whole) {
        mkdirSync(join(each, '..'), { recursive: true });
        writeFileSync(each, each === path ? bytes : content);
      }
      const opened = openHistory(init);
      try {
        opened.nearest(
          Float32Array.from({ length: sampleDimensions }, (_, at) => at + 1),
          3,
        );
      } finally {
        opened.close();
      }
      return undefined;
    },
  }));
}
