import { MoeError } from '@market-of-experts/core';
import type { z } from 'zod';
import { readYaml } from './read-yaml.ts';
import { type Scenario, scenarioLimits, scenarioSchema } from './schema.ts';

/** One run of a scenario: the scenario as it is, or with a variant's changes. */
export interface ScenarioRun {
  /** Name of the variant; the scenario's own where there are none. */
  readonly name: string;
  readonly scenario: Scenario;
}

/** What a command line may set in the place of the file. */
export interface ScenarioOverrides {
  readonly seed?: number;
  readonly jobs?: number;
}

const maximumBytes = 256 * 1024;

/**
 * Reads a scenario's YAML. Throws `scenario-invalid` with the line and the field of everything that is wrong, up to
 * five of them.
 */
export function readScenario(yaml: string, source: string, overrides: ScenarioOverrides = {}): ScenarioRun[] {
  if (Buffer.byteLength(yaml) > maximumBytes)
    throw invalid(source, [`it is larger than ${maximumBytes} bytes`]);
  const { content, problem, lineOf } = readYaml(yaml);
  if (problem !== undefined) throw invalid(source, [problem]);
  if (!isPlain(content)) throw invalid(source, ['it must be a list of fields, like `jobs: 20000`']);
  const { variants, ...base } = content;
  const changed = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));

  if (variants === undefined) {
    const scenario = parse({ ...base, ...changed }, source, (path) => lineOf(path));
    return [{ name: scenario.name, scenario }];
  }
  const list = variantsOf(variants, source, lineOf(['variants']));
  return list.map(({ name, changes }, index) => {
    const inVariant = (path: readonly PropertyKey[]): number | undefined =>
      lineOf(['variants', index, 'changes', ...path]) ?? lineOf(path);
    const merged = { ...(merge(base, changes) as Record<string, unknown>), ...changed };
    return { name, scenario: parse(merged, source, inVariant, name) };
  });
}

interface Variant {
  readonly name: string;
  readonly changes: Record<string, unknown>;
}

function variantsOf(value: unknown, source: string, line: number | undefined): Variant[] {
  const where = line === undefined ? '' : `line ${line}: `;
  if (!Array.isArray(value) || value.length === 0 || value.length > scenarioLimits.variants)
    throw invalid(source, [`${where}variants must be a list of 1 to ${scenarioLimits.variants}`]);
  const variants = value.map((entry: unknown): Variant => {
    if (!isPlain(entry) || typeof entry.name !== 'string' || entry.name === '' || entry.name.length > 60)
      throw invalid(source, [`${where}every variant needs a name of at most 60 characters`]);
    const unknown = Object.keys(entry).find((key) => key !== 'name' && key !== 'changes');
    if (unknown !== undefined)
      throw invalid(source, [`${where}a variant has name and changes, but not "${unknown}"`]);
    if (entry.changes !== undefined && !isPlain(entry.changes))
      throw invalid(source, [
        `${where}the changes of variant "${entry.name}" must be fields of the scenario`,
      ]);
    return { name: entry.name, changes: (entry.changes as Record<string, unknown> | undefined) ?? {} };
  });
  if (new Set(variants.map(({ name }) => name)).size < variants.length)
    throw invalid(source, [`${where}every variant needs a name of its own`]);
  return variants;
}

function parse(
  value: unknown,
  source: string,
  lineOf: (path: readonly PropertyKey[]) => number | undefined,
  variant?: string,
): Scenario {
  const result = scenarioSchema.safeParse(value);
  if (result.success) return result.data;
  const suffix = variant === undefined ? '' : ` (in variant "${variant}")`;
  throw invalid(
    source,
    result.error.issues.slice(0, 5).map((issue) => `${sentence(issue, lineOf)}${suffix}`),
  );
}

function sentence(
  issue: z.core.$ZodIssue,
  lineOf: (path: readonly PropertyKey[]) => number | undefined,
): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  const field = path.map(String).join('.');
  const line = lineOf(path) ?? lineOf(path.slice(0, -1));
  const where = line === undefined ? '' : `line ${line}: `;
  if (issue.code === 'unrecognized_keys') return `${where}there is no field "${field}"`;
  if (issue.code === 'invalid_type' && issue.message.includes('received undefined'))
    return `${where}the field "${field}" is missing`;
  return `${where}${field}: ${issue.message.replace(/^Invalid input: /, '')}`;
}

function invalid(source: string, problems: readonly string[]): MoeError {
  return new MoeError('scenario-invalid', `${source} is no scenario: ${problems.join('; ')}.`, {
    docs: 'run/simulate.md',
  });
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields of `changes` over those of `base`, field by field. */
function merge(base: unknown, changes: unknown): unknown {
  if (!isPlain(base) || !isPlain(changes)) return changes;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    if (key === '__proto__') continue;
    merged[key] = key in base ? merge(base[key], value) : value;
  }
  return merged;
}
