import type { z } from 'zod';

/** Where a value breaks its schema first, and how, e.g. `to.0: Invalid input`. `whole` is what the value itself is called. */
export function schemaProblem({ issues: [issue] }: z.ZodError, whole = 'value'): string {
  return problemAt(issue?.path ?? [], issue?.message ?? 'is of another form', whole);
}

/** What is wrong with a field: the field and a predicate (`is missing`), or the field, a colon and a sentence. */
export function problemAt(path: readonly PropertyKey[], what: string, whole = 'value'): string {
  return `${path.map(String).join('.') || whole}${/^\p{Lu}/u.test(what) ? ':' : ''} ${what}`;
}
