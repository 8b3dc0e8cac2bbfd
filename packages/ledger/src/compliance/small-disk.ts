import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own, of a few megabytes, that can be filled and freed. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all that is left. */
  fill(): void;
  free(): void;
  remove(): void;
}

/** Undefined where this process may not mount one. */
export function smallDisk(megabytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'moe-disk-'));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    remove();
    return undefined;
  }
  const ballast = join(path, 'ballast');
  const left = (): number => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  };
  return {
    path,
    fill: () => {
      mkdirSync(ballast, { recursive: true });
      for (let part = 0; left() > 0; part += 1)
        if (!existsSync(join(ballast, String(part))))
          writeFileSync(join(ballast, String(part)), Buffer.alloc(Math.min(left(), 1024 * 1024)));
    },
    free: () => rmSync(ballast, { recursive: true, force: true }),
    remove: () => {
      execFileSync('umount', [path], { stdio: 'ignore' });
      remove();
    },
  };
}
