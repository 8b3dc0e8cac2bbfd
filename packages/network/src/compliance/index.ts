import { generateKeyPair } from '@market-of-experts/core';
import { afterEach, beforeEach, describe } from 'vitest';
import type { Transport } from '../transport.ts';
import { limitTests, patienceTests } from './limit-tests.ts';
import { closeTests, noticeTests } from './notice-tests.ts';
import type { TransportHarness } from './peers.ts';
import { failureTests, requestTests } from './request-tests.ts';

export type { TransportHarness } from './peers.ts';

/**
 * What every adapter of the `Transport` port must do, as Vitest tests. An adapter's own test file calls this
 * with a factory of harnesses.
 */
export function transportComplianceTests(name: string, factory: () => Promise<TransportHarness>): void {
  describe(`${name}: Transport port`, () => {
    const opened: Transport[] = [];
    const peers = {
      connect: async (): Promise<Transport> => {
        const transport = await peers.harness.connect(generateKeyPair());
        opened.push(transport);
        return transport;
      },
    } as { harness: TransportHarness; alice: Transport; bob: Transport; connect(): Promise<Transport> };

    beforeEach(async () => {
      peers.harness = await factory();
      peers.alice = await peers.connect();
      peers.bob = await peers.connect();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((transport) => transport.close()));
      await peers.harness.close();
    });

    requestTests(peers);
    failureTests(peers);
    limitTests(peers);
    patienceTests(peers);
    noticeTests(peers);
    closeTests(peers);
  });
}
