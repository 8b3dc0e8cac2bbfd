import type { z } from 'zod';
import { invalidRequest } from './http/http-error.ts';

/**
 * Reads the query of a request by its schema; `sentences` say for each parameter what it takes. Throws `unknown-parameter` and
 * `invalid-request`.
 */
export function readQuery<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  query: Record<string, unknown>,
  sentences: { readonly [Name in keyof Shape]: string },
): z.output<z.ZodObject<Shape>> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    if (issue.code === 'unrecognized_keys') {
      const name = issue.keys[0]!.slice(0, 80);
      throw invalidRequest(name, `Unknown parameter: "${name}".`, 'unknown-parameter');
    }
  const name = String(parsed.error.issues[0]!.path[0]);
  throw invalidRequest(name, sentences[name]!);
}
