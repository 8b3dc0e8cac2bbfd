import type { HistoryRecord } from '@moe/history';
import { type CertificateBody, certifiedLosses, type MarketParameters } from '@moe/protocol';

/** What a certificate adds to the history; nothing where nobody was scored. */
export function historyRecordOf(
  body: CertificateBody,
  parameters: MarketParameters,
  atMs: number,
): HistoryRecord | undefined {
  const losses = certifiedLosses(body, parameters);
  if (losses.length === 0) return undefined;
  const principalOf = new Map(body.members.map(({ principal, worker }) => [worker, principal]));
  return {
    job: body.job,
    atMs,
    place: body.place,
    vector: new Int8Array(body.vector),
    feeMicro: body.feeMicro,
    winner: body.winner,
    outcomes: losses.map(({ node, lossUnits, excessUnits, won }) => ({
      principal: principalOf.get(node)!,
      worker: node,
      lossUnits,
      excessUnits,
      won,
      latencyMs: 0,
    })),
  };
}
