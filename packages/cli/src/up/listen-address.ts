import { once } from 'node:events';
import { createServer } from 'node:net';
import { MoeError, messageOf } from '@market-of-experts/core';

/** Finds out before any model is loaded. Throws `cannot-listen`. */
export async function assertCanListen(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(error, host, port);
  } finally {
    server.close();
  }
}

/** The system's error in a sentence that says what to type. */
export function cannotListen(error: unknown, host: string, port: number): MoeError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const sentence =
    code === 'EADDRINUSE'
      ? `Port ${port} of ${host} is in use, perhaps by another market. Stop what uses it, or choose another port: --port 0 takes a free one.`
      : code === 'EACCES'
        ? `This user may not listen on port ${port}. Choose a port from 1024 on, like --port 8787.`
        : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? `${host} is not an address of this machine. Leave out --host to listen on 127.0.0.1.`
          : `The gateway cannot listen on port ${port} of ${host}: ${messageOf(error)}`;
  return new MoeError('cannot-listen', sentence, { metadata: { host, port }, cause: error });
}
