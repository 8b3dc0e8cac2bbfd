import { type CertificateFacts, certifiedReceiptSchema } from '@market-of-experts/api/receipts';
import { z } from 'zod';

/** The parts of a shard job's receipt that are shown; the rest is for verification. */
export type CertifiedReceipt = Omit<CertificateFacts, 'members'> &
  Pick<CertificateFacts['data'][number], 'winner' | 'feeMicro'> & {
    /** With their losses for the order that the receipt is of. */
    readonly members: readonly (CertificateFacts['members'][number] & {
      readonly loss: readonly [number, number] | null;
    })[];
    readonly signers: readonly string[];
  };

/** The certificate inside a receipt; `undefined` for a job that has none (routed, refunded). */
export function readReceipt(receipt: Record<string, unknown>): CertifiedReceipt | undefined {
  const parsed = certifiedReceiptSchema.safeParse(receipt);
  if (!parsed.success) return undefined;
  const { datum, certificate } = parsed.data;
  const { body, signatures } = certificate;
  const own = body.data[datum];
  if (own === undefined) return undefined;
  return {
    ...body,
    winner: own.winner,
    feeMicro: own.feeMicro,
    members: body.members.map((member) => ({ ...member, loss: member.losses[datum] ?? null })),
    signers: signatures.map(({ by }) => by),
  };
}

/** How a fee went to the expert that worked, the one that had called it, and the market. */
export interface FeeSplit {
  readonly workerMicro: bigint;
  readonly principalMicro: bigint;
  readonly marketMicro: bigint;
}

/**
 * The split of the winner's fee, from the amounts that the receipt says were paid: to worker, principal and market, in
 * this order. Undefined where they do not add up to the fee as signed (`--verify` says why).
 */
export function readSplit(
  receipt: Record<string, unknown>,
  certified: CertifiedReceipt,
): FeeSplit | undefined {
  const winner = certified.members.find(({ principal }) => principal === certified.winner);
  const paid = z.array(z.object({ deltaMicro: z.string().regex(/^-?\d{1,30}$/) })).safeParse(receipt.paid);
  if (winner === undefined || !paid.success) return undefined;
  const amounts = paid.data.map(({ deltaMicro }) => BigInt(deltaMicro)).filter((amount) => amount > 0n);
  const [workerMicro, principalMicro, marketMicro, ...others] = amounts;
  if (workerMicro === undefined || principalMicro === undefined || marketMicro === undefined)
    return undefined;
  const rest = workerMicro + principalMicro;
  const adds =
    others.length === 0 &&
    rest + marketMicro === certified.feeMicro &&
    workerMicro === (rest * BigInt(winner.workerBps)) / 10_000n;
  return adds ? { workerMicro, principalMicro, marketMicro } : undefined;
}

/** Top-level fields of one line each: what there is to show of a receipt without a certificate. */
export function plainFields(receipt: Record<string, unknown>): [string, string][] {
  return Object.entries(receipt).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) && String(value).length <= 200
      ? [[name, String(value)] as [string, string]]
      : [],
  );
}
