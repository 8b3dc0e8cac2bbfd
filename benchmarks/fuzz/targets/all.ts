import type { Target } from '../target.ts';
import { fileTargets } from './files.ts';
import { messageTargets } from './messages.ts';
import { textTargets } from './texts.ts';

/** Every decoder of the project. `close` takes away what those of files wrote. */
export function allTargets(): { readonly targets: readonly Target[]; close(): void } {
  const files = fileTargets();
  return { targets: [...messageTargets(), ...textTargets(), ...files.targets], close: files.close };
}
