import { describe, expect, it } from 'vitest';
import { examProducts, openExamAnswers } from '../../../../src/tasks/embedding/exam/exam-answers.ts';
import { addProducts, examLoss } from '../../../../src/tasks/embedding/exam/products.ts';
import { int16Bytes } from '../../../../src/tasks/embedding/vector.ts';

const lists = { first: ['a', 'b'], second: ['c', 'd', 'e', 'f'] };
const filled = (dimensions: number, value: number): Uint8Array =>
  int16Bytes(new Int16Array(dimensions).fill(value));
const answers = (bytes: Uint8Array) =>
  [
    [bytes, bytes],
    [bytes, bytes, bytes, bytes],
  ] as const;
const assignment = [
  { first: 0, second: [1, 2] },
  { first: 1, second: [0] },
];
const wrong = [
  [0, 3],
  [1, 2, 3],
];

describe('answers of a member to an exam', () => {
  it('are of its own dimension, 1 to 4,096', () => {
    for (const dimensions of [1, 384, 4_096])
      expect(openExamAnswers(...answers(filled(dimensions, 0)), lists)?.first[0]).toHaveLength(dimensions);
    for (const dimensions of [0, 4_097])
      expect(openExamAnswers(...answers(filled(dimensions, 0)), lists)).toBeUndefined();
  });

  it('are refused when they are no vectors of one dimension and unit length, one an entry', () => {
    const [first, second] = answers(filled(4, 100));
    expect(openExamAnswers(first, second, lists)).toBeDefined();
    expect(openExamAnswers(first, second.slice(1), lists)).toBeUndefined();
    expect(openExamAnswers([...first, filled(4, 100)], second, lists)).toBeUndefined();
    expect(openExamAnswers([], [], { first: [], second: [] })).toBeUndefined();
    expect(openExamAnswers(...answers(new Uint8Array(7)), lists)).toBeUndefined();
    expect(openExamAnswers(first, [...second.slice(1), filled(5, 100)], lists)).toBeUndefined();
    expect(openExamAnswers(first, [...second.slice(1), filled(4, 32_767)], lists)).toBeUndefined();
    expect(openExamAnswers(...answers(filled(1, -32_768)), lists)).toBeDefined();
  });

  it('take any bytes of a unit vector, also those at no even address', () => {
    const bytes = new Uint8Array(9);
    bytes.set(filled(4, 300), 1);
    const opened = openExamAnswers(...answers(bytes.subarray(1)), lists)!;
    expect([...opened.second[3]!]).toEqual([300, 300, 300, 300]);
  });

  it('are judged by the assignment: the nearer own pieces are, the less', () => {
    const at = (angle: number): Uint8Array =>
      int16Bytes(
        Int16Array.from([Math.round(10_000 * Math.cos(angle)), Math.round(10_000 * Math.sin(angle))]),
      );
    // The first datum lies at 0, the second at 2; entry 3 lies between the two pieces of the first.
    const opened = openExamAnswers([at(0), at(2)], [at(2.1), at(0.1), at(1), at(0.5)], lists)!;
    const [one, other] = examProducts(opened, assignment, wrong);
    expect(examLoss(one!)).toEqual({ numerator: 2n, denominator: 8n });
    expect(examLoss(other!)).toEqual({ numerator: 0n, denominator: 6n });
  });

  it('that say nothing have exactly half: zero, constant', () => {
    for (const said of [filled(4_096, 0), filled(4_096, 512), filled(1, 7)]) {
      const opened = openExamAnswers(...answers(said), lists)!;
      for (const products of examProducts(opened, assignment, wrong)) {
        const { numerator, denominator } = examLoss(products!);
        expect(2n * numerator).toBe(denominator);
      }
    }
  });

  it('of different dimensions stand side by side', () => {
    const one = examProducts(openExamAnswers(...answers(filled(4, 100)), lists)!, assignment, wrong);
    const other = examProducts(openExamAnswers(...answers(filled(9, -50)), lists)!, assignment, wrong);
    const together = addProducts([
      { products: one[0]!, weight: 2 },
      { products: other[0]!, weight: 1 },
    ]);
    expect(together.own).toEqual([2 * 40_000 + 22_500, 2 * 40_000 + 22_500]);
  });

  it('judge nobody by a datum without wrong answers', () => {
    const opened = openExamAnswers(...answers(filled(4, 100)), lists)!;
    expect(examProducts(opened, assignment, [[], [1]])[0]).toBeUndefined();
  });
});
