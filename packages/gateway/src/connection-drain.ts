import type { Server, ServerResponse } from 'node:http';

/**
 * Ends the connections of a closing server as soon as no answer is on its way. Node's own idle check keeps
 * connections that were opened ahead and have not sent a request yet, as browsers and fetch do: they would hold
 * up the close until the header timeout.
 */
export function createConnectionDrain(server: Server): { start(): void } {
  const answering = new Set<ServerResponse>();
  let isDraining = false;

  server.on('request', (_request, response: ServerResponse) => {
    answering.add(response);
    response.once('close', () => {
      answering.delete(response);
      if (isDraining && answering.size === 0) server.closeAllConnections();
    });
  });

  return {
    start() {
      isDraining = true;
      if (answering.size === 0) server.closeAllConnections();
    },
  };
}
