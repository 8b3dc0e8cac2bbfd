import { z } from 'zod';

/** Amounts cross HTTP as decimal strings of micro-credits. */
const micro = z.union([z.string().regex(/^-?\d{1,30}$/), z.int()]).transform((value) => BigInt(value));

const listing = z.object({
  id: z.string(),
  aliases: z.array(z.string()).default([]),
  dimensions: z.int(),
  maxTextBytes: z.int().positive(),
  pricePerKilobyteMicro: micro,
});
export type Listing = z.infer<typeof listing>;

const job = z.object({
  receiptId: z.string(),
  atMs: z.number(),
  mode: z.string(),
  outcome: z.string(),
  preview: z.string().optional(),
  members: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      loss: z.number().optional(),
      friend: z.object({ id: z.string(), name: z.string(), askBps: z.number() }).optional(),
    }),
  ),
  winner: z.string().optional(),
  feeMicro: micro,
  durationMs: z.number(),
});

const calls = z.object({ jobs: z.number(), wins: z.number() });

/** The parts of `GET /v1/status` that `moe status` shows. What a newer market adds is ignored. */
export const statusSchema = z.object({
  version: z.string(),
  network: z.string(),
  startedAtMs: z.number(),
  markets: z.array(listing),
  experts: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      state: z.string(),
      jobs: z.number(),
      wins: z.number(),
      callsMade: calls,
      callsAnswered: calls,
      askBps: z.number(),
      meanLoss: z.number().optional(),
      earnedMicro: micro,
      slashedMicro: micro,
      stakeMicro: micro,
      alignment: z.number().optional(),
    }),
  ),
  validators: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
  jobs: z.object({ certified: z.number(), routed: z.number(), refunded: z.number() }),
  settledMicro: micro,
  pendingReceipts: z.number(),
  ledger: z.object({ height: z.number(), stateRoot: z.string(), totalMicro: micro }),
  attendance: z.array(z.string().max(2_000)).max(100).default([]),
  calibration: z.object({ pieces: z.number(), target: z.number() }).optional(),
  history: z.object({ records: z.number(), bytesPerRecord: z.number() }),
  recentJobs: z.array(job).default([]),
  readiness: z
    .object({ isReady: z.boolean(), reasons: z.array(z.object({ message: z.string() })) })
    .default({ isReady: true, reasons: [] }),
});
export type Status = z.infer<typeof statusSchema>;

export const regionsSchema = z.object({
  expertLoss: z.number().nullable(),
  total: z.number(),
  data: z.array(
    z.object({
      place: z.int(),
      jobs: z.number(),
      jobsPerHour: z.number(),
      meanFeeMicro: micro,
      meanLoss: z.number(),
      best: z.object({ name: z.string(), meanLoss: z.number() }).optional(),
      effectiveWinners: z.number(),
      losingMargin: z.number(),
      earningsMicro: micro,
      preview: z.string().optional(),
    }),
  ),
});
export type Regions = z.infer<typeof regionsSchema>;

export const balanceSchema = z.object({ availableMicro: micro, reservedMicro: micro });

export const embeddingsSchema = z.object({
  model: z.string(),
  data: z.array(z.object({ index: z.int(), embedding: z.string() })),
  moe: z.object({ receipts: z.array(z.string()), feeMicro: micro }).optional(),
});

export const errorSchema = z.object({
  error: z.object({ message: z.string(), code: z.string().nullish(), param: z.string().nullish() }),
});
