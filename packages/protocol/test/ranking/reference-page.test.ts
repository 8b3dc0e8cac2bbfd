import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..', '..');

test('the example of docs/reference/ranking.md prints what the page says', () => {
  const page = readFileSync(join(root, 'docs', 'reference', 'ranking.md'), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(page)?.[1];
  const printed = /```text\n([\s\S]*?)```/.exec(page)?.[1];
  expect(code).toContain('rankEpoch');
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code!], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1' },
  });
  expect(output).toBe(printed);
});
