import { expect, it } from 'vitest';
import { z } from 'zod';
import {
  defaultExamParameters,
  type ExamParameters,
  examParametersShape,
  examRanges,
  problemOfExamTerms,
} from '../../../../src/tasks/embedding/exam/exam-parameters.ts';

const terms = (changed: Partial<ExamParameters> = {}) => ({
  parameters: { ...defaultExamParameters, maximumTextBytes: 32_768, ...changed },
  space: { dimensions: 384 },
});

it('has defaults within their ranges that fit together', () => {
  for (const { of, least, most } of examRanges) {
    expect(of(terms())).toBeGreaterThanOrEqual(Number(least));
    expect(of(terms())).toBeLessThanOrEqual(Number(most));
  }
  expect(problemOfExamTerms(terms())).toBeUndefined();
  expect(z.strictObject(examParametersShape).parse(defaultExamParameters)).toEqual(defaultExamParameters);
});

it('has a range for every number', () => {
  expect(examRanges.map(({ name }) => name)).toEqual(
    Object.keys(defaultExamParameters)
      .filter((name) => name !== 'dimensions')
      .map((name) => `parameters.${name}`),
  );
});

it('says what does not fit together', () => {
  expect(problemOfExamTerms(terms({ minimumWords: 19 }))).toContain('minimumWords must be 20 or more');
  expect(problemOfExamTerms(terms({ spanWords: 11 }))).toContain('spanWords must be 10 or fewer');
  expect(problemOfExamTerms(terms({ spanWords: 9, keptWords: 8 }))).toContain('spanWords must be 8 or fewer');
  expect(problemOfExamTerms(terms({ mixAlternating: 0, mixSpan: 0, mixStart: 0 }))).toContain('title');
  expect(
    problemOfExamTerms({ ...terms(), parameters: { ...terms().parameters, maximumTextBytes: 39 } }),
  ).toContain('raise maximumTextBytes');
});
