import { createGateway, type Gateway } from '@market-of-experts/gateway';
import { ledgerService } from '@market-of-experts/host/service/ledger-service';
import { type MemoryLedger, openMemoryLedger } from '../../gateway/test/memory-ledger.ts';
import { createSimulatedMarket, type SimulatedMarket } from '../../gateway/test/simulated-market.ts';

/** A simulated market with a ledger, behind the real gateway. */
export interface TestGateway {
  readonly memory: MemoryLedger;
  readonly service: SimulatedMarket;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

export async function openTestGateway(): Promise<TestGateway> {
  const memory = await openMemoryLedger();
  const service = createSimulatedMarket({ ledger: ledgerService(memory.ledger) });
  const gateway = await createGateway({
    service,
    port: 0,
    reportError: () => {},
    limits: { closeGraceMs: 0 },
  });
  return {
    memory,
    service,
    gateway,
    async close() {
      await gateway.close();
      await memory.ledger.close();
    },
  };
}
