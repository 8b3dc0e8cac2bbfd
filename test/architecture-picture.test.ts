import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { drawArchitecture, picturePath } from '../scripts/draw-architecture.ts';

it('the picture of the packages shows the code as it is; `npm run draw` draws it anew', () => {
  expect(readFileSync(picturePath, 'utf8') === drawArchitecture(), 'run `npm run draw`').toBe(true);
});
