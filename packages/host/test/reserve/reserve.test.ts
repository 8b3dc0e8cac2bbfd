import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@market-of-experts/core';
import { referenceBackend } from '@market-of-experts/models';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { examineDataDirectory } from '../../src/doctor.ts';
import { addOwnTexts, ownTextsFiles } from '../../src/reserve/own-texts.ts';
import { type HouseReserve, openHouseReserve } from '../../src/reserve/reserve.ts';
import { reserveNotices, reserveStatus } from '../../src/reserve/reserve-status.ts';
import { textKey } from '../../src/reserve/text-key.ts';
import { textPositionsFile } from '../../src/reserve/text-positions.ts';
import { openUsedTexts, usedTextsFiles } from '../../src/reserve/used-texts.ts';
import { baseEncoder } from '../../src/tasks/embedding/base-encoder.ts';

let dataDir = '';
const opened: HouseReserve[] = [];
const warnings: string[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'moe-reserve-'));
  warnings.length = 0;
});
afterEach(async () => {
  for (const reserve of opened.splice(0)) await reserve.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const words = referenceBackend('bag-of-words');
const encoder = baseEncoder(words);
/** Rests are over at once. */
const clock = { ...systemClock, sleep: async (_: number, signal?: AbortSignal) => signal?.throwIfAborted() };

function open(house: readonly string[], using = encoder, isHouseReused = false): HouseReserve {
  const reserve = openHouseReserve({
    dataDir,
    house,
    isHouseReused,
    encoder: using,
    clock,
    onWarning: (message) => warnings.push(message),
  });
  opened.push(reserve);
  return reserve;
}

const textsOf = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${word} number ${index}`);

describe('the reserve of the house', () => {
  it('hands out each text once, also to a process that comes after one that was killed', () => {
    const house = textsOf('house', 10);
    expect(open(house).take(4, 1_000)).toEqual(house.slice(0, 4));
    // Nothing was closed: what was handed out is on disk.
    const next = open(house);
    expect(next.take(4, 1_000)).toEqual(house.slice(4, 8));
    expect(next.take(4, 1_000)).toEqual(house.slice(8));
    expect(next.take(4, 1_000)).toEqual([]);
    expect(open(house).take(4, 1_000)).toEqual([]);
    expect(reserveStatus(dataDir, house)).toMatchObject({ houseLeft: 0, ownLeft: 0, used: 10 });
  });

  it('hands texts of the house out again when no fresh one is left, the longest unused first, also in the next process', () => {
    const house = textsOf('house', 6);
    const reserve = open(house, encoder, true);
    expect(reserve.take(4, 1_000)).toEqual(house.slice(0, 4));
    expect(reserve.take(4, 1_000)).toEqual([...house.slice(4), ...house.slice(0, 2)]);
    expect(reserve.take(4, 1_000)).toEqual([...house.slice(2, 4), ...house.slice(4)]);
    expect(reserve.status()).toMatchObject({ houseLeft: 0, used: 6 });
    expect(open(house, encoder, true).take(9, 1_000)).toEqual(house);
  });

  it('gives texts for audits once no fresh one is left: two, and others near the second; none is used up', async () => {
    const house = [...textsOf('sea ship wave sail', 6), ...textsOf('bread flour oven salt', 6)];
    const reserve = open(house, encoder, true);
    await reserve.placed();
    reserve.take(11, 1_000);
    expect(reserve.auditTexts(4, 1_000, systemRandom)).toBeUndefined();
    reserve.take(1, 1_000);
    expect(reserve.auditTexts(11, 1_000, systemRandom)).toBeUndefined();
    for (let time = 0; time < 20; time += 1) {
      const { examined, served, others } = reserve.auditTexts(4, 1_000, systemRandom)!;
      expect(new Set([examined, served, ...others]).size).toBe(6);
      const word = served.split(' ')[0]!;
      expect(others.every((text) => text.startsWith(word))).toBe(true);
    }
    expect(reserve.status().used).toBe(12);
    addOwnTexts(dataDir, ['fresh']);
    await vi.waitFor(() => expect(reserve.auditTexts(4, 1_000, systemRandom)).toBeUndefined());
  });

  it('takes the texts that are nearest to the data first, and those of no known position last', async () => {
    const texts = [
      'ships sail the sea',
      'bread is baked of flour',
      'the sea carries ships',
      'flour and bread',
    ];
    const reserve = open(texts);
    await reserve.placed();
    const [near] = await encoder.positions(['bread of flour']);
    expect(new Set(reserve.take(2, 1_000, new Int8Array(near!)))).toEqual(new Set([texts[1], texts[3]]));
    expect(reserve.take(9, 1_000, new Int8Array(near!))).toHaveLength(2);
    // A direction of another space, or none at all, says nothing.
    const other = open(textsOf('other', 3));
    expect(other.take(1, 1_000, [Number.NaN])).toEqual(['other number 0']);
    expect(other.take(1, 1_000, new Float64Array(384).fill(Number.NaN))).toEqual(['other number 1']);
  });

  it('keeps to number and bytes; a text that is too long waits', () => {
    const reserve = open(['a long text of the house', 'short', 'ümlaut']);
    expect(reserve.take(3, 12)).toEqual(['short', 'ümlaut']);
    expect(reserve.take(0, 1_000)).toEqual([]);
    expect(reserve.take(3, 0)).toEqual([]);
    expect(reserve.take(3, 1_000)).toEqual(['a long text of the house']);
  });

  it("hands out the operator's own first, also those that come while it runs, and none of them twice", async () => {
    addOwnTexts(dataDir, textsOf('own', 2));
    const house = ['house', ...textsOf('own', 1)];
    const reserve = open(house);
    expect(reserve.status()).toMatchObject({ ownLeft: 2, houseLeft: 1 });
    expect(reserve.take(1, 1_000)).toEqual(['own number 0']);
    addOwnTexts(dataDir, ['new', 'own number 0']);
    await vi.waitFor(() => expect(reserve.status().ownLeft).toBe(2));
    expect(reserve.take(9, 1_000)).toEqual(['own number 1', 'new', 'house']);
    // Files of used texts are gone at the next start; their texts stay used.
    const next = open(house);
    expect(ownTextsFiles(dataDir)).toEqual([]);
    addOwnTexts(dataDir, textsOf('own', 2));
    await vi.waitFor(() => expect(ownTextsFiles(dataDir)).toEqual([]));
    expect(next.take(9, 1_000)).toEqual([]);
  });

  it('keeps own texts private, and refuses too many or too long ones', () => {
    addOwnTexts(dataDir, ['private']);
    const [path] = ownTextsFiles(dataDir);
    expect(statSync(path!).mode & 0o777).toBe(0o600);
    expect(() => addOwnTexts(dataDir, textsOf('x', 5_001))).toThrow('5000 texts at once');
    expect(() => addOwnTexts(dataDir, ['x'.repeat(2_001)])).toThrow('2000 bytes');
  });

  it('leaves out a damaged file of own texts with a warning, and goes on', () => {
    addOwnTexts(dataDir, ['lost']);
    writeFileSync(ownTextsFiles(dataDir)[0]!, '{"texts":["forged"]}');
    addOwnTexts(dataDir, ['found']);
    expect(open([]).take(9, 1_000)).toEqual(['found']);
    expect(warnings.join()).toContain('is damaged');
  });

  it('has its files looked at by the doctor', async () => {
    addOwnTexts(dataDir, ['own']);
    open([]).take(1, 1_000);
    const examined = async () => {
      const findings = await examineDataDirectory(dataDir, { hasRepair: false, nowMs: 0 });
      return findings.filter(({ path }) => path.startsWith('reserve'));
    };
    expect(await examined()).toEqual([
      { path: expect.stringContaining('used') },
      { path: expect.stringContaining('texts') },
    ]);
    appendFileSync(ownTextsFiles(dataDir)[0]!, 'x');
    appendFileSync(usedTextsFiles(dataDir)[0]!, 'x');
    expect((await examined()).map(({ damage }) => damage?.remedy)).toEqual(['repair', 'repair']);
  });

  it('hands out nothing that the disk took no note of, and says so once', () => {
    const reserve = open(textsOf('house', 3));
    // A file where the folder should be.
    rmSync(join(dataDir, 'reserve'), { recursive: true, force: true });
    writeFileSync(join(dataDir, 'reserve'), '');
    expect(reserve.take(2, 1_000)).toEqual([]);
    expect(reserve.take(2, 1_000)).toEqual([]);
    expect(warnings.filter((message) => message.startsWith('Exams go on without'))).toHaveLength(1);
    rmSync(join(dataDir, 'reserve'));
    expect(reserve.take(2, 1_000)).toHaveLength(2);
  });

  it('says how many are left, and asks for more below a hundred', () => {
    expect(reserveNotices({ ownLeft: 60, houseLeft: 40 })).toEqual([]);
    expect(reserveNotices({ ownLeft: 60, houseLeft: 39 })[0]).toContain('Only 99 texts are left');
    const reserve = open(textsOf('house', 100));
    expect(reserve.notices()).toEqual([]);
    reserve.take(100, 10_000);
    expect(reserve.notices()[0]).toContain('No text is left');
  });
});

describe('what was used', () => {
  it('is kept in files of 1,024, and a damaged one loses its own only', () => {
    const keys = textsOf('text', 2_500).map(textKey);
    const used = openUsedTexts(dataDir, () => expect.unreachable());
    used.add(keys.slice(0, 700));
    used.add(keys.slice(700));
    const files = usedTextsFiles(dataDir);
    expect(files).toHaveLength(3);
    const again = openUsedTexts(dataDir, () => expect.unreachable());
    expect(keys.every(again.has)).toBe(true);
    for (const path of [files[0]!, files[2]!]) appendFileSync(path, 'x');
    const damaged = openUsedTexts(dataDir, (message) => warnings.push(message));
    expect(warnings).toHaveLength(2);
    expect(keys.filter(damaged.has)).toEqual(keys.slice(1_024, 2_048));
    const bytes = readFileSync(files[2]!);
    damaged.add([textKey('later')]);
    expect(readFileSync(files[2]!).equals(bytes)).toBe(true);
    expect(openUsedTexts(dataDir, () => undefined).has(textKey('later'))).toBe(true);
  });
});

describe('positions of the reserve', () => {
  it('are computed once, kept, and made again where the file is damaged or of another encoder', async () => {
    const texts = textsOf('house', 20);
    let asked = 0;
    const counting = (name: string) =>
      baseEncoder({
        ...words,
        name,
        embed: (wanted, options) => {
          asked += wanted.length;
          return words.embed(wanted, options);
        },
      });
    const askedBy = async (name: string): Promise<number> => {
      asked = 0;
      const reserve = open(texts, counting(name));
      await reserve.placed();
      await reserve.close();
      return asked;
    };
    expect(await askedBy('first')).toBe(20);
    expect(await askedBy('first')).toBe(0);
    expect(await askedBy('second')).toBe(20);
    appendFileSync(textPositionsFile(dataDir), 'x');
    expect(await askedBy('second')).toBe(20);
    expect(await askedBy('second')).toBe(0);
  });

  it('are asked for again where the encoder failed, when texts are added', async () => {
    let isFailing = true;
    const failing = baseEncoder({
      ...words,
      embed: async (texts, options) => {
        if (isFailing) throw new Error('The model is away.');
        return words.embed(texts, options);
      },
    });
    const reserve = open(['ships at sea', 'bread of flour'], failing);
    await reserve.placed();
    expect(warnings.join()).toContain('The model is away.');
    isFailing = false;
    addOwnTexts(dataDir, ['an own text']);
    await vi.waitFor(() => expect(reserve.status().ownLeft).toBe(1));
    await reserve.placed();
    const [near] = await encoder.positions(['flour']);
    expect(reserve.take(2, 1_000, new Int8Array(near!))).toEqual(['an own text', 'bread of flour']);
  });
});
