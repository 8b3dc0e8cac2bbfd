import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, examQuestions, tooShortToCut } from '../../../../src/tasks/embedding/exam/cuts.ts';
import { defaultExamParameters } from '../../../../src/tasks/embedding/exam/exam-parameters.ts';
import { examWords } from '../../../../src/tasks/embedding/exam/exam-words.ts';
import { plainText } from '../../../../src/tasks/embedding/exam/plain-text.ts';

const parameters = defaultExamParameters;
const only = (question: 'mixAlternating' | 'mixSpan' | 'mixStart' | 'mixTitle') => ({
  ...parameters,
  mixAlternating: 0,
  mixSpan: 0,
  mixStart: 0,
  mixTitle: 0,
  [question]: 1,
});

const prose =
  'Harbours silt up when rivers slow. Dredging keeps a channel open for large ships. The mud is taken out to sea or spread on fields. ' +
  'Some towns have been left far inland this way. Their quays still stand among meadows. Cattle graze where captains once unloaded.';
const texts: Readonly<Record<string, string>> = {
  prose,
  'one long sentence': Array.from({ length: 60 }, (_, index) => `word${'abcdefghij'[index % 10]}`).join(' '),
  Japanese:
    '人類社会のすべての構成員の固有の尊厳と平等で譲ることのできない権利とを承認することは、世界における自由、正義及び平和の基礎であるので、人権の無視及び軽侮が、人類の良心を踏みにじった野蛮行為をもたらした。',
  Russian:
    'Принимая во внимание, что признание достоинства, присущего всем членам человеческой семьи, является основой свободы. Пренебрежение и презрение к правам человека привели к варварским актам, которые возмущают совесть человечества.',
  Thai: 'โดยที่การยอมรับศักดิ์ศรีประจำตัวและสิทธิซึ่งเสมอกันและไม่อาจโอนแก่กันได้ของสมาชิกทั้งปวงแห่งครอบครัวมนุษย์เป็นพื้นฐานแห่งอิสรภาพความยุติธรรมและสันติภาพในโลก',
  'no spaces': 'x9'.repeat(500),
  code: `/** Groups the items of a list by a key. */
function groupBy(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}`,
};

/** Lone surrogates, marks without a letter, ligatures that become words: they come in with JSON. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400, size: 'max' }),
  fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' }),
  fc.string({
    unit: fc.constantFrom(
      '日',
      'か',
      'ー',
      '。',
      'ก',
      '\u0e31',
      'ﷺ',
      '½ ',
      '\u0301',
      '\ud800',
      'Wort. ',
      '👩‍👩‍👧‍👦 ',
      '3.14 ',
      '\n',
      '// ',
    ),
    maxLength: 300,
    size: 'max',
  }),
  fc.array(fc.lorem({ maxCount: 8 }), { maxLength: 40, size: 'max' }).map((words) => words.join('. ')),
);

describe('cutting a text for an exam', () => {
  it.each(Object.entries(texts))('cuts %s in every way that it can be asked about', (_, text) => {
    for (const question of ['mixAlternating', 'mixSpan', 'mixStart'] as const)
      for (let place = 0; place < 8; place += 1) {
        const cut = cutText(text, 'seed', place, only(question))!;
        expect(cut.question).toBe(examQuestions[['mixAlternating', 'mixSpan', 'mixStart'].indexOf(question)]);
        expect(cut.kept).not.toBe('');
        for (const piece of cut.pieces) expect(examWords(piece)).toHaveLength(parameters.pieceWords);
      }
  });

  it('says of any text whether and why it cannot be cut, and cuts the others the same way again', () => {
    let cuts = 0;
    fc.assert(
      fc.property(anyText, fc.string(), fc.nat(11), (text, seed, place) => {
        const cut = cutText(text, seed, place, parameters);
        const why = tooShortToCut(text, parameters);
        if (why !== undefined) expect(cut).toBeUndefined();
        // Signs that stand for many letters each are not cut either.
        else if (cut === undefined)
          expect(Buffer.byteLength(text.normalize('NFKC'))).toBeGreaterThan(Buffer.byteLength(text));
        if (cut === undefined) return;
        cuts += 1;
        expect(cut.kept).not.toBe('');
        expect(cut.pieces.length).toBeGreaterThanOrEqual(1);
        expect(cut.pieces.length).toBeLessThanOrEqual(parameters.pieces);
        expect(cut.pieces).not.toContain('');
        expect(cutText(text, seed, place, parameters)).toEqual(cut);
      }),
      { numRuns: 300 },
    );
    expect(cuts).toBeGreaterThan(50);
    expect(tooShortToCut('Too few words.', parameters)).toBe(
      'Text of fewer than 20 words is served without an exam.',
    );
  });

  it('makes no exam of signs that stand for many letters each: of a short text they would be long lists', () => {
    const text = Array.from({ length: 64 }, () => '\ufdfa').join(' ');
    expect(tooShortToCut(text, parameters)).toBeUndefined();
    expect(cutText(text, 'seed', 0, parameters)).toBeUndefined();
  });

  it('takes every word at most once, from different sentences when it alternates', () => {
    const names = Array.from(
      { length: 48 },
      (_, index) => `${[...String(index)].map((digit) => 'zyxwvutsrq'[+digit]).join('')}word`,
    );
    const sentences = Array.from(
      { length: 8 },
      (_, index) => `${names.slice(6 * index, 6 * index + 6).join(' ')}.`,
    );
    for (const question of ['mixAlternating', 'mixSpan', 'mixStart'] as const)
      for (let place = 0; place < 20; place += 1) {
        const { kept, pieces } = cutText(sentences.join(' '), 'seed', place, only(question))!;
        const used = [kept, ...pieces].join(' ').split(' ');
        expect(new Set(used).size).toBe(used.length);
        if (question !== 'mixAlternating') continue;
        const sides = new Set(kept.split(' ').map((word) => Math.floor(names.indexOf(word) / 6) % 2));
        expect(sides.size).toBe(1);
      }
  });

  it('asks for the body below a title, for the code below a comment, and for something else where there is none', () => {
    expect(cutText(texts.code!, 'seed', 0, only('mixTitle'))).toMatchObject({
      question: 'title',
      kept: 'groups the items of a list by a key',
    });
    const page = `Silted harbours\n\n${prose}`;
    expect(cutText(page, 'seed', 0, only('mixTitle'))).toMatchObject({
      question: 'title',
      kept: 'silted harbours',
    });
    const mix = { ...only('mixTitle'), mixSpan: 1, mixTitle: 1_000 };
    expect(cutText(prose, 'seed', 0, mix)).toMatchObject({ question: 'span' });
    expect(cutText(page, 'seed', 0, { ...only('mixStart'), mixTitle: 0 })).toMatchObject({
      question: 'start',
    });
  });

  it('draws questions by their weights', () => {
    const counts = { alternating: 0, span: 0, start: 0, title: 0 };
    for (let place = 0; place < 600; place += 1)
      counts[cutText(prose, 'seed', place, parameters)!.question] += 1;
    // 3 : 1 : 1, within four standard deviations.
    expect(Math.abs(counts.alternating - 360)).toBeLessThan(48);
    expect(Math.abs(counts.span - 120)).toBeLessThan(40);
    expect(Math.abs(counts.start - 120)).toBeLessThan(40);
    expect(counts.title).toBe(0);
  });

  it('leaves nothing of case, punctuation, line ends', () => {
    expect(plainText('  He said: "Flight 1234,\nGate B7"! ')).toBe('he said flight 1234 gate b7');
    for (const text of Object.values(texts))
      for (const part of [cutText(text, 'seed', 1, parameters)!].flatMap(({ kept, pieces }) => [
        kept,
        ...pieces,
      ]))
        expect(part).toMatch(/^(?:[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}]+ ?)+$/u);
  });

  it('asks of a long text about one stretch, each time another', () => {
    const long = Array.from(
      { length: 4_000 },
      (_, index) => `w${'abcdefghij'[Math.floor(index / 400)]}`,
    ).join(' ');
    const stretches = new Set(
      Array.from({ length: 12 }, (_, place) => cutText(long, 'seed', place, only('mixStart'))!.kept),
    );
    expect(stretches.size).toBeGreaterThan(3);
  });

  it('takes time in proportion to the text, whatever is sent', () => {
    const size = 200_000;
    for (const unit of ['a', '.', ' ', '\n', '#', '/*', '// \n', '日', '\u0301', '(', 'a.', ', ']) {
      const text = unit.repeat(size / unit.length);
      // A quadratic pattern would take minutes, and the runner stops it.
      cutText(text, 'seed', 0, parameters);
      tooShortToCut(text, parameters);
    }
  });
});
