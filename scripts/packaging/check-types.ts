import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.ts';

/**
 * Type-checks the programs of a project in which our packages are installed, strictly and with our declarations. Mistakes in the
 * declarations of others are not ours to mend. Gives what the compiler says, line by line.
 */
export function typeProblems(project: string, files: readonly string[]): string[] {
  const config = {
    compilerOptions: {
      target: 'es2024',
      lib: ['es2024', 'dom', 'esnext'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      types: ['node'],
      strict: true,
      noEmit: true,
      allowJs: true,
      checkJs: true,
      skipLibCheck: false,
    },
    files,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  });
  if (status === 0) return [];
  return stdout
    .split('\n')
    .filter(
      (line) => line !== '' && !/^node_modules\/(?!@market-of-experts\/|market-of-experts\/)/.test(line),
    );
}
