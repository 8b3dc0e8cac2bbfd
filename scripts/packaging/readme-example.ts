import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The program that a package's README shows: its one block of `js`. Throws where there is none. */
export function readmeExample(folder: string): string {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, program] = /^```js\n([\s\S]*?)^```/m.exec(readme) ?? [];
  if (program === undefined) throw new Error(`${folder}/README.md shows no example (a block of js).`);
  return program;
}
