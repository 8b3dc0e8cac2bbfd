/**
 * A process that may die: `node damage-worker.ts DIRECTORY COUNT`. Opens the store of DIRECTORY again and again, each time with
 * another piece of damage in its data file, reads everything and writes to it. Before each it writes what it is about to do;
 * at the end, as JSON, how many were refused with a sentence, were harmless, or went wrong.
 */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMoeError, messageOf, sha256, toHex } from '@market-of-experts/core';
import { type EmbeddedStore, openStore } from '@market-of-experts/ledger/store/embedded-store';

const [directory, count] = [process.argv[2]!, Number(process.argv[3])];
const copy = join(directory, 'copy');
const original = join(directory, 'store', 'data.mdb');
const damaged = join(copy, 'store', 'data.mdb');
const pageBytes = 4_096;
const bytes = readFileSync(original);
let seed = 7;
/** Whole numbers below `bound`, the same in every run. */
const draw = (bound: number): number => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 1;
  return seed % bound;
};

const digest = (store: EmbeddedStore): string => {
  const parts: Uint8Array[] = [];
  for (const name of ['log', 'receipts', 'receipt-order', 'receipt-pending'])
    for (const { key, value } of store.table(name).getRange(name === 'log' ? { end: 1_000_000 } : {}))
      parts.push(Buffer.from(`${name}/${key}/`), value);
  return toHex(sha256(...parts));
};

/** Opens, reads, writes, closes, and opens again. */
async function live(expected: string | undefined): Promise<string> {
  let found = '';
  for (let round = 0; round < 2; round += 1) {
    const store = openStore(copy);
    try {
      found = digest(store);
      if (expected !== undefined && found !== expected) return found;
      const [log, more] = [store.table<number>('log'), store.table<string>('more')];
      for (let batch = 0; batch < 3; batch += 1)
        await store.write(() => {
          for (let index = 0; index < 10; index += 1) {
            log.put(1_000_000 + 100 * round + 10 * batch + index, Buffer.alloc(200, index));
            more.put(`${round}-${batch}-${index}`, Buffer.alloc(500 * index, index));
          }
        });
      if (digest(store) !== found) return 'changed by writing';
    } finally {
      await store.close();
    }
  }
  return found;
}

function damage(number: number): string {
  mkdirSync(join(copy, 'store'), { recursive: true });
  copyFileSync(original, damaged);
  // A third of the flips hit what every page begins with, or what says where everything is.
  const page = number % 6 === 0 ? draw(2) : draw(bytes.length / pageBytes);
  const within = number % 3 === 0 ? draw(160) : draw(pageBytes);
  if (number % 10 === 7) {
    const length = draw(bytes.length);
    truncateSync(damaged, length);
    return `cut after ${length} bytes`;
  }
  const changed = Buffer.from(bytes);
  let what: string;
  if (number % 10 === 8) {
    changed.fill(0, page * pageBytes, (page + 1) * pageBytes);
    what = `page ${page} zeroed`;
  } else if (number % 10 === 9) {
    const other = draw(bytes.length / pageBytes);
    changed.copy(changed, page * pageBytes, other * pageBytes, (other + 1) * pageBytes);
    what = `page ${other} in the place of ${page}`;
  } else {
    const bit = 1 << draw(8);
    changed[page * pageBytes + within]! ^= bit;
    what = `bit ${bit} of byte ${within} of page ${page}`;
  }
  writeFileSync(damaged, changed);
  return what;
}

mkdirSync(join(copy, 'store'), { recursive: true });
copyFileSync(original, damaged);
const expected = await live(undefined);
const result = { refused: 0, harmless: 0, wrong: [] as string[] };
for (let number = 0; number < count; number += 1) {
  rmSync(copy, { recursive: true, force: true });
  const what = damage(number);
  writeSync(1, `${what}\n`);
  try {
    const found = await live(expected);
    if (found === expected) result.harmless += 1;
    else result.wrong.push(`${what}: ${found}`);
  } catch (error) {
    if (isMoeError(error, 'store-damaged')) result.refused += 1;
    else result.wrong.push(`${what}: ${messageOf(error)}`);
  }
}
writeSync(1, `${JSON.stringify(result)}\n`);
