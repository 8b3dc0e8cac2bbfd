import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddingsAnswerSchema } from '@market-of-experts/api/embeddings';
import { modelsSchema } from '@market-of-experts/api/models';
import { startInstalledMarket } from './installed-market.ts';

/** Starts the installed market by `npx`, has a text embedded, and stops it as Ctrl-C does. Gives what is wrong. */
export async function upProblems(project: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  const dataDirectory = join(project, 'market');
  try {
    const npx = ['npx', '--no-install', 'market-of-experts'] as const;
    const market = await startInstalledMarket(project, npx, { dataDirectory, env });
    const problems = await embeddingProblems(market.url, join(dataDirectory, 'api-key'))
      .then((found) => [...found, ...commandProblems(project, npx, { ...env, MOE_URL: market.url })])
      .finally(() => market.stop());
    const said = await market.stop();
    if (!said.includes('"event":"stopped"')) problems.push(`On Ctrl-C it ended unfinished:\n${said}`);
    return problems;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Short commands, which are bundled, and one that loads what the bundle leaves out. */
function commandProblems(
  project: string,
  [npx, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): string[] {
  return [
    ['status', '--json'],
    ['balance', '--json', '--data', 'market'],
    ['simulate', 'friends', '--jobs', '100', '--json'],
  ].flatMap((command) => {
    const options = { cwd: project, env, encoding: 'utf8', maxBuffer: 1e8 } as const;
    const { status, stdout, stderr } = spawnSync(npx, [...args, ...command], options);
    return status === 0 && stdout.startsWith('{') ? [] : [`moe ${command.join(' ')} fails:\n${stderr}`];
  });
}

async function embeddingProblems(url: string, keyFile: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/embeddings`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readFileSync(keyFile, 'utf8').trim()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      model: 'text-embedding',
      input:
        'Twenty words or more let experts be examined on your text, so write a little more than you would have without this hint.',
    }),
  });
  if (!answer.ok) return [`The installed market answered ${answer.status}: ${await answer.text()}`];
  const { data, moe } = embeddingsAnswerSchema.parse(await answer.json());
  const models = modelsSchema.parse(await (await fetch(`${url}/v1/models`)).json());
  const edition = models.data
    .flatMap((model) => model.moe.editions ?? [])
    .find(({ name }) => name === moe.edition);
  if (edition === undefined || moe.missing.length > 0)
    return [
      `The installed market embedded a text by ${moe.edition ?? 'no edition'}, without ${moe.missing.length} parts.`,
    ];
  const { length } = data[0]?.embedding ?? [];
  return length === edition.dimensions
    ? []
    : [
        `The installed market embedded a text as ${length} numbers; ${edition.name} has ${edition.dimensions}.`,
      ];
}
