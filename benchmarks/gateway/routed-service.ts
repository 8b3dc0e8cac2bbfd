import type { AccountId, MarketId } from '@moe/core';
import type { MarketService } from '@moe/node';
import { openAiBackend } from '../../packages/experts/src/openai/openai-backend.ts';

const account = 'a'.repeat(64) as AccountId;

/** A market of one expert behind an OpenAI-compatible server: every text is routed to it, nothing is scored. */
export async function openRoutedService(
  baseUrl: string,
  apiKey: string,
): Promise<MarketService & { close(): Promise<void> }> {
  const backend = await openAiBackend({ name: 'mock', baseUrl, model: 'mock', encodingFormat: 'base64' });
  const market = {
    id: 'text-embedding' as MarketId,
    task: 'text-embedding',
    dimensions: backend.dimensions,
    createdMs: 0,
    aliases: ['text-embedding'],
    maxTextBytes: 32 * 1024,
    pricePerKilobyteMicro: 0n,
  } as const;
  let receipts = 0;
  return {
    authenticate: (key) => (key === apiKey ? account : undefined),
    markets: () => [market],
    async embed({ texts, signal }) {
      const vectors = await backend.embed(texts, signal === undefined ? {} : { signal });
      return vectors.map((vector, index) => ({
        vector,
        receiptId: String(++receipts).padStart(64, '0'),
        mode: 'route',
        feeMicro: 0n,
        tokens: Math.ceil(texts[index]!.length / 4),
      }));
    },
    receipt: async () => undefined,
    blob: async () => undefined,
    balance: () => ({ availableMicro: 0n, reservedMicro: 0n }),
    status: () => {
      throw new Error('The benchmark has no status.');
    },
    subscribe: () => () => {},
    close: () => backend.close(),
  };
}
