import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultExamParameters } from '../../../../src/tasks/embedding/exam/exam-parameters.ts';
import { examLists, mostEntries } from '../../../../src/tasks/embedding/exam/lists.ts';
import { areNearDuplicates, shinglesOf } from '../../../../src/tasks/embedding/exam/near-duplicates.ts';
import { wrongAnswers } from '../../../../src/tasks/embedding/exam/wrong-answers.ts';

const parameters = defaultExamParameters;
/** A text of its own words, six to a sentence. */
const textOf = (name: string, words = 60): string =>
  Array.from({ length: words }, (_, index) => `${name}${letters(index)}${index % 6 === 5 ? '.' : ''}`).join(
    ' ',
  );
const letters = (index: number): string => 'abcdefgh'[Math.floor(index / 8)]! + 'ijklmnop'[index % 8]!;
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) =>
    textOf(`${prefix}${'qrstuvwxyz'[index % 10]}${'klmno'[Math.floor(index / 10)]}`),
  );
const reserve = names('r', 40);

describe('lists of an exam', () => {
  it('hold the kept parts, then the pieces, and the assignment finds both', () => {
    for (const count of [1, 2, 7, 12]) {
      const data = names('d', count);
      const { first, second, assignment } = examLists(data, reserve, 'seed', parameters)!;
      expect(first).toHaveLength(parameters.batchTexts);
      expect(second.length).toBeLessThanOrEqual(mostEntries(parameters).second);
      expect(second.length).toBeGreaterThanOrEqual(parameters.batchTexts + parameters.reserveTexts);
      for (const [index, datum] of assignment.entries()) {
        const name = data[index]!.slice(0, 3);
        expect(first[datum.first]!.startsWith(name)).toBe(true);
        expect(datum.second.length).toBeGreaterThan(0);
        for (const entry of datum.second) expect(second[entry]!.startsWith(name)).toBe(true);
      }
      expect(new Set([...first, ...second]).size).toBe(first.length + second.length);
    }
  });

  it('are the same for the same seed, others for another', () => {
    const data = names('d', 5);
    const lists = examLists(data, reserve, 'seed', parameters);
    expect(examLists(data, reserve, 'seed', parameters)).toEqual(lists);
    expect(examLists(data, reserve, 'other', parameters)).not.toEqual(lists);
  });

  it('stand in an order that does not tell which entry is whose, even to who knows the seed', () => {
    const data = names('d', 12);
    const { first, second, assignment } = examLists(data, reserve, 'seed', parameters)!;
    // The texts alone give the order: whoever turns the data about gets another cut, but the order of entries is by what they say.
    const again = examLists([...data].reverse(), reserve, 'seed', parameters)!;
    const shared = first.filter((text) => again.first.includes(text));
    expect(again.first.filter((text) => first.includes(text))).toEqual(shared);
    expect(assignment.map((datum) => datum.first)).not.toEqual([...first.keys()]);
    expect(second.map((text) => text.slice(0, 3))).not.toEqual(second.map((text) => text.slice(0, 3)).sort());
  });

  it('give the same text one cut and the same entries, so that one does not show what the other hides', () => {
    const data = [textOf('same'), textOf('other'), textOf('same')];
    const lists = examLists(data, reserve, 'seed', parameters)!;
    expect(lists.assignment[2]).toEqual(lists.assignment[0]);
    expect(lists.first).toHaveLength(parameters.batchTexts);
    for (const entry of lists.assignment[0]!.second) expect(wrongAnswers(lists)[2]).not.toContain(entry);
  });

  it('pass over reserve texts that cannot be cut or resemble a datum or one another', () => {
    const data = [textOf('mine')];
    const spoilt = [
      'short',
      data[0]!,
      `${data[0]!} and a little more`,
      reserve[0]!,
      reserve[0]!,
      ...reserve.slice(1),
    ];
    expect(examLists(data, spoilt, 'seed', parameters)).toEqual(examLists(data, reserve, 'seed', parameters));
  });

  it('are not made of what cannot be asked about', () => {
    expect(examLists([], reserve, 'seed', parameters)).toBeUndefined();
    expect(examLists(names('d', 13), reserve, 'seed', parameters)).toBeUndefined();
    expect(examLists([textOf('fine'), 'too short'], reserve, 'seed', parameters)).toBeUndefined();
    expect(examLists([textOf('alone')], [], 'seed', parameters)).toBeUndefined();
  });
});

describe('near-duplicates', () => {
  const near = (a: string, b: string): boolean => areNearDuplicates(shinglesOf(a), shinglesOf(b));

  it('share 30 % of the smaller one, exactly', () => {
    const words = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, index) => `word${letters(from + index)}`).join(' ');
    // Twelve words are ten shingles; five in common are three.
    expect(near(words(0, 12), `${words(0, 5)} ${words(20, 27)}`)).toBe(true);
    expect(near(words(0, 12), `${words(0, 4)} ${words(20, 28)}`)).toBe(false);
    expect(near(words(0, 12), words(5, 60))).toBe(true);
  });

  it('are seen through case and punctuation, and between scripts without spaces', () => {
    expect(near('Only 12 of them, he SAID, came back.', 'only 12 of them he said came back')).toBe(true);
    expect(near('世界における自由、正義及び平和の基礎', 'は世界における自由正義及び平和の基礎である')).toBe(
      true,
    );
    expect(near('世界における自由、正義及び平和の基礎', '野蛮行為をもたらした人権の無視')).toBe(false);
  });

  it('are found in both directions, of any texts', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'of the', '日'), { maxLength: 20 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(near(a, b)).toBe(near(b, a));
        expect(near(a, a)).toBe(true);
      }),
    );
  });

  it('are no wrong answers: neither entries nor whole data', () => {
    const mine = textOf('mine', 60);
    // Half of the words are those of the first datum.
    const alike = `${mine.split(' ').slice(0, 36).join(' ')} ${textOf('else', 36)}`;
    const lists = examLists([mine, alike, textOf('third')], reserve, 'seed', parameters)!;
    const [forMine, forAlike, forThird] = wrongAnswers(lists);
    for (const entry of lists.assignment[1]!.second) expect(forMine).not.toContain(entry);
    for (const entry of lists.assignment[0]!.second) expect(forAlike).not.toContain(entry);
    expect(forThird).toHaveLength(lists.second.length - lists.assignment[2]!.second.length);
    for (const [index, wrong] of [forMine, forAlike, forThird].entries())
      for (const entry of lists.assignment[index]!.second) expect(wrong).not.toContain(entry);
  });

  it('of hostile texts are found in bounded time', () => {
    for (const text of [
      'a '.repeat(100_000),
      'é'.repeat(200_000),
      '日'.repeat(200_000),
      Array.from({ length: 60_000 }, (_, index) => letters(index % 64) + index).join(' '),
    ])
      expect(shinglesOf(text).size).toBeLessThanOrEqual(8_192);
  });
});
