import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Starts the installed market with this Node, has a text embedded, and stops it as Ctrl-C does. Gives what is wrong. */
export async function upProblems(project: string, environment: Record<string, string>): Promise<string[]> {
  const data = join(project, 'market');
  const args = ['--no-install', 'market-of-experts', 'up', '--data', data, '--port', '0'];
  const child = spawn('npx', [...args, '--no-training', '--no-tour', '--json'], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A terminal's Ctrl-C reaches npx and the market at once: a group of their own, so that ours does.
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'close');
  const opened = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    said += `${line}\n`;
    const { event, url } = JSON.parse(line) as { event?: string; url?: string };
    if (event === 'market-opened') opened.resolve(url!);
  });
  void ended.then(() => opened.reject(new Error(`The installed market ended before it was open:\n${said}`)));
  const problems: string[] = [];
  try {
    const url = await opened.promise;
    const vector = await embed(url, readFileSync(join(data, 'api-key'), 'utf8').trim());
    if (vector.length === 0) problems.push('The installed market embedded a text as nothing.');
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT');
  const [code, signal] = await ended;
  if (problems.length === 0 && !said.includes('"event":"stopped"'))
    problems.push(`On Ctrl-C the installed market ended unfinished, with ${code ?? signal}:\n${said}`);
  return problems;
}

async function embed(url: string, key: string): Promise<readonly number[]> {
  const answer = await fetch(`${url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'text-embedding',
      input: 'Twelve words or more let the experts of this market compete for your text.',
    }),
  });
  if (!answer.ok) throw new Error(`The installed market answered ${answer.status}: ${await answer.text()}`);
  const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
  return data[0]?.embedding ?? [];
}
