import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { assertCanListen, cannotListen } from '../../src/up/listen-address.ts';

const systemError = (code: string) => Object.assign(new Error(`listen ${code}`), { code });

it('finds a port that is in use, and leaves a free one free', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await expect(assertCanListen('127.0.0.1', port)).rejects.toMatchObject({
    code: 'cannot-listen',
    message: `Port ${port} of 127.0.0.1 is in use, perhaps by another market. Stop what uses it, or choose another port: --port 0 takes a free one.`,
  });
  await new Promise((resolve) => server.close(resolve));
  await assertCanListen('127.0.0.1', port);
  await assertCanListen('127.0.0.1', port);
});

it.each([
  ['EACCES', 'Choose a port from 1024 on'],
  ['EADDRNOTAVAIL', 'Leave out --host'],
  ['ENOTFOUND', 'Leave out --host'],
  ['EOTHER', 'The gateway cannot listen on port 80 of x: listen EOTHER'],
])('says what to do about %s', (code, sentence) => {
  expect(cannotListen(systemError(code), 'x', 80).message).toContain(sentence);
});
