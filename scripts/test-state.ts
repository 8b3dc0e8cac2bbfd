/** Markets that tests open note their progress under a temporary folder, not the user's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const state = mkdtempSync(join(tmpdir(), 'moe-test-state-'));
  process.env.XDG_STATE_HOME = state;
  return () => rmSync(state, { recursive: true, force: true });
}
