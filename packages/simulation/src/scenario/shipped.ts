import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '@market-of-experts/core';
import { parseDocument } from 'yaml';

const folder = join(import.meta.dirname, '../../scenarios');

export interface ShippedScenario {
  readonly name: string;
  readonly question: string;
}

/** Scenarios that come with the package, by name. */
export function shippedScenarios(): ShippedScenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.yaml'.length);
      const question = parseDocument(textOf(readFileSync(join(folder, file)))).get('question');
      return { name, question: String(question) };
    });
}

/** The text of a shipped scenario; undefined when there is none of this name. */
export function shippedScenario(name: string): string | undefined {
  return shippedScenarios().some((scenario) => scenario.name === name)
    ? textOf(readFileSync(join(folder, `${name}.yaml`)))
    : undefined;
}
