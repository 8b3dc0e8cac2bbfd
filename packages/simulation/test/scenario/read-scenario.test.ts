import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readScenario } from '../../src/scenario/read-scenario.ts';
import { scenarioLimits } from '../../src/scenario/schema.ts';
import { shippedScenario, shippedScenarios } from '../../src/scenario/shipped.ts';

const good = `
name: mine
question: Does it work?
jobs: 1000
experts:
  some:
    count: 5
    skill: { best: 0.1, elsewhere: 0.2 }
`;
const problemOf = (yaml: string): string => {
  try {
    readScenario(yaml, 'mine.yaml');
  } catch (error) {
    expect(error).toMatchObject({ code: 'scenario-invalid' });
    return (error as Error).message;
  }
  return '';
};

describe('a scenario', () => {
  it('gets the defaults, and one run where it has no variants', () => {
    const [run, ...others] = readScenario(good, 'mine.yaml');
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      name: 'mine',
      scenario: {
        seed: 1,
        demand: { hotspots: 12 },
        experts: { some: { strategy: 'friends', askBps: 5_000 } },
      },
    });
  });

  it('has one run for each variant, with the changes over the base', () => {
    const runs = readScenario(
      `${good}variants:
  - name: as it is
  - name: alone
    changes: { jobs: 500, experts: { some: { strategy: alone }, more: { count: 2, skill: { best: 0.3, elsewhere: 0.3 } } } }`,
      'mine.yaml',
    );
    expect(runs.map(({ name, scenario }) => [name, scenario.jobs, Object.keys(scenario.experts)])).toEqual([
      ['as it is', 1_000, ['some']],
      ['alone', 500, ['some', 'more']],
    ]);
    expect(runs[1]!.scenario.experts.some).toMatchObject({ strategy: 'alone', count: 5 });
  });

  it('is overruled by the command line', () => {
    const [run] = readScenario(good, 'mine.yaml', { seed: 9, jobs: 200 });
    expect(run!.scenario).toMatchObject({ seed: 9, jobs: 200 });
  });

  it.each<[string, string, RegExp]>([
    [
      'an unknown field',
      good.replace('jobs:', 'sedd: 4\njobs:'),
      /^mine\.yaml is no scenario: line 4: there is no field "sedd"/,
    ],
    [
      'an unknown field of a group',
      good.replace('count: 5', 'count: 5\n    stakes: 4'),
      /line 8: there is no field "experts\.some\.stakes"/,
    ],
    ['a wrong type', good.replace('jobs: 1000', 'jobs: many'), /line 4: jobs: expected number/],
    ['a missing field', good.replace('jobs: 1000\n', ''), /the field "jobs" is missing/],
    ['a share above 1', good.replace('best: 0.1', 'best: 1.5'), /line 8: experts\.some\.skill\.best: /],
    [
      'a best that is worse',
      good.replace('best: 0.1', 'best: 0.3'),
      /line 8: experts\.some\.skill\.best: best must not be larger/,
    ],
    ['too many jobs', good.replace('1000', '1000001'), /line 4: jobs: .*1000000/],
    [
      'too many experts',
      good.replace(
        'count: 5',
        'count: 5000\n    skill: { best: 0.1, elsewhere: 0.2 }\n  more:\n    count: 4000',
      ),
      new RegExp(`line 5: experts: there are 9000 experts; at most ${scenarioLimits.experts}`),
    ],
    [
      'too much altogether',
      good.replace('1000', '500000').replace('count: 5', 'count: 5000'),
      /line 4: jobs: 5000 experts × 500000 jobs/,
    ],
    ['too few experts', good.replace('count: 5', 'count: 2'), /at least 3 experts/],
    [
      'a copy of nobody',
      good.replace('count: 5', 'count: 5\n    copyOf: others'),
      /line 8: experts\.some\.copyOf: copyOf must name another group/,
    ],
    ['broken YAML', good.replace('jobs: 1000', 'jobs: [1000'), /line \d+: /],
    ['a field twice', good.replace('jobs: 1000', 'jobs: 1000\njobs: 2000'), /line 5: .*unique/],
    ['a list', '- 1', /a list of fields/],
    ['no list of variants', `${good}variants: 4`, /line 9: variants must be a list/],
    [
      'an unknown field of a variant',
      `${good}variants:\n  - name: x\n    chages: {}`,
      /a variant has name and changes, but not "chages"/,
    ],
    [
      'a wrong change',
      `${good}variants:\n  - name: x\n    changes:\n      seed: -1`,
      /line 12: seed: .*\(in variant "x"\)/,
    ],
    ['two variants of one name', `${good}variants:\n  - name: x\n  - name: x`, /a name of its own/],
    [
      'a flood of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]`,
      /lias/,
    ],
    ['a very large file', `${good}#${'x'.repeat(300_000)}`, /larger than/],
  ])('with %s is refused with the line and what is wrong', (_, yaml, message) => {
    expect(problemOf(yaml)).toMatch(message);
  });
});

describe('the scenarios that come along', () => {
  it.each(shippedScenarios())('$name is one, and says what it asks', ({ name, question }) => {
    const runs = readScenario(shippedScenario(name)!, name);
    expect(runs.length).toBeGreaterThan(0);
    expect(runs[0]!.scenario).toMatchObject({ name, question });
    expect(shippedScenario(name)).toMatch(/^# .*\?/);
  });

  it('are not found by a path', () => {
    expect(shippedScenario('../package')).toBeUndefined();
  });
});

it('the example of the manual is a scenario', () => {
  const manual = readFileSync(new URL('../../../../docs/run/simulate.md', import.meta.url), 'utf8');
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(manual)!;
  expect(readScenario(example!, 'docs/run/simulate.md').map(({ name }) => name)).toEqual([
    'as it is',
    'I never call anybody',
  ]);
});
