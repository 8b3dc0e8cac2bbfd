/**
 * `npm run pack:check`: installs the tarballs of `npm run build` into an empty project and uses them there as others do: types, every
 * entry and every README's example under the oldest Node that we promise and under the newest, and a market by `npx`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { typeProblems } from './packaging/check-types.ts';
import { readmeExample } from './packaging/readme-example.ts';
import { upProblems } from './packaging/up-check.ts';
import { install, tarballs, userEnvironment } from './packaging/user-install.ts';
import { publishedPackages, readManifest, root } from './packaging/workspace.ts';

process.on('uncaughtException', (error) => {
  console.error(error.message);
  process.exit(1);
});
const folder = mkdtempSync(join(tmpdir(), 'moe-pack-check-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const problems: string[] = [];
const project = join(folder, 'project');
const packages = publishedPackages();
const devVersions = readManifest(root).devDependencies as Record<string, string>;

say('installing the tarballs into an empty project');
install(project, [...tarballs(), `@types/node@${devVersions['@types/node']}`]);
install(join(folder, 'node22'), ['node@22'], { runsScripts: true });
const nodes = {
  'Node 22': join(folder, 'node22/node_modules/node/bin'),
  'Node 24': dirname(process.execPath),
};

say('checking types');
const libraries = packages.filter(
  ({ buildPath }) => Object.keys(readManifest(buildPath).exports ?? {}).length > 1,
);
const programs = libraries.map(({ folder: name, path }) => {
  const file = `${name}-example.mjs`;
  writeFileSync(join(project, file), readmeExample(path));
  return file;
});
const specifiers = packages.flatMap(({ manifest: { name }, buildPath }) =>
  Object.keys(readManifest(buildPath).exports ?? {})
    .filter((entry) => entry !== './package.json')
    .map((entry) => `${name}${entry.slice(1)}`),
);
const imports = specifiers.map((specifier, index) => `import * as entry${index} from '${specifier}';`);
const uses = specifiers.map((_, index) => `entry${index}`).join(', ');
writeFileSync(join(project, 'entries.mts'), `${imports.join('\n')}\nconsole.log(${uses});\n`);
problems.push(...typeProblems(project, ['entries.mts', ...programs]));

// An entry for test suites asks for a test runner, which is no dependency: its types are enough.
const peers = packages.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {}));
const loads = `
for (const specifier of ${JSON.stringify(specifiers)})
  await import(specifier).catch((error) => {
    if (!${JSON.stringify(peers)}.some((peer) => error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes("'" + peer + "'")))
      throw new Error(specifier + ' cannot be imported: ' + error.message);
  });
process.exit();
`;
writeFileSync(join(project, 'entries.mjs'), loads);
for (const [title, bin] of Object.entries(nodes)) {
  const environment = {
    ...userEnvironment(),
    XDG_STATE_HOME: join(folder, 'state'),
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  };
  for (const program of ['entries.mjs', ...programs]) {
    say(`${title}: ${program}`);
    const { status, stdout, stderr } = spawnSync(join(bin, 'node'), [program], {
      cwd: project,
      encoding: 'utf8',
      env: environment,
    });
    if (status !== 0) problems.push(`${title} fails on ${program}:\n${stderr}`);
    else if (program !== 'entries.mjs' && stdout === '')
      problems.push(`${title}: ${program} prints nothing.`);
  }
  if (packages.some(({ folder: name }) => name === 'cli')) {
    say(`${title}: npx market-of-experts up`);
    problems.push(...(await upProblems(project, environment)).map((problem) => `${title}: ${problem}`));
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
say(`${packages.length} packages install, type-check and run`);
process.exit(0);

function say(sentence: string): void {
  console.log(`${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${sentence}`);
}
