import { z } from 'zod';

const micro = z.union([z.string().regex(/^\d{1,30}$/), z.int()]).transform((value) => BigInt(value));
const pair = z.tuple([z.number(), z.number()]);

const certificate = z.object({
  network: z.string(),
  market: z.string(),
  job: z.string(),
  client: z.string(),
  place: z.number(),
  members: z.array(
    z.object({
      principal: z.string(),
      worker: z.string(),
      onProbation: z.boolean(),
      outcome: z.string(),
      /** `[worse, compared]`. */
      loss: pair.nullable(),
      slashMicro: micro,
    }),
  ),
  winner: z.string().nullable(),
  feeMicro: micro,
});

/** The parts of a shard job's receipt that are shown; the rest is for verification. */
export type CertifiedReceipt = z.infer<typeof certificate> & { readonly signers: readonly string[] };

/** The certificate inside a receipt; `undefined` for a job that has none (routed, refunded). */
export function readReceipt(receipt: Record<string, unknown>): CertifiedReceipt | undefined {
  const shape = z.object({
    certificate: z.object({
      body: certificate,
      signatures: z.array(z.object({ by: z.string() })).default([]),
    }),
  });
  const parsed = shape.safeParse(receipt);
  if (!parsed.success) return undefined;
  const { body, signatures } = parsed.data.certificate;
  return { ...body, signers: signatures.map(({ by }) => by) };
}

/** Top-level fields of one line each: what there is to show of a receipt without a certificate. */
export function plainFields(receipt: Record<string, unknown>): [string, string][] {
  return Object.entries(receipt).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) && String(value).length <= 200
      ? [[name, String(value)] as [string, string]]
      : [],
  );
}
