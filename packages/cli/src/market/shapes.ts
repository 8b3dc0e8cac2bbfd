import { z } from 'zod';
import { shownText } from './shown-text.ts';

/** Amounts cross HTTP as decimal strings of micro-credits. */
const micro = z.union([z.string().regex(/^-?\d{1,30}$/), z.int()]).transform((value) => BigInt(value));

const listing = z.object({
  id: shownText(),
  aliases: z.array(shownText()).default([]),
  dimensions: z.int(),
  maxTextBytes: z.int().positive(),
  pricePerKilobyteMicro: micro,
});
export type Listing = z.infer<typeof listing>;

const job = z.object({
  receiptId: shownText(),
  atMs: z.number(),
  mode: shownText(),
  outcome: shownText(),
  preview: shownText().optional(),
  members: z.array(
    z.object({
      id: shownText(),
      name: shownText(),
      loss: z.number().optional(),
      friend: z.object({ id: shownText(), name: shownText(), askBps: z.number() }).optional(),
    }),
  ),
  winner: shownText().optional(),
  feeMicro: micro,
  durationMs: z.number(),
});

const calls = z.object({ jobs: z.number(), wins: z.number() });

/** The parts of `GET /v1/status` that `moe status` shows. What a newer market adds is ignored. */
export const statusSchema = z.object({
  version: shownText(),
  network: shownText(),
  startedAtMs: z.number(),
  markets: z.array(listing),
  experts: z.array(
    z.object({
      id: shownText(),
      name: shownText(),
      state: shownText(),
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
  validators: z.array(z.object({ id: shownText(), name: shownText() })).default([]),
  jobs: z.object({ certified: z.number(), routed: z.number(), refunded: z.number() }),
  settledMicro: micro,
  pendingReceipts: z.number(),
  ledger: z.object({ height: z.number(), stateRoot: shownText(), totalMicro: micro }),
  attendance: z.array(shownText(2_000)).max(100).default([]),
  notices: z.array(shownText(2_000)).max(100).default([]),
  calibration: z.object({ pieces: z.number(), target: z.number() }).optional(),
  history: z.object({ records: z.number(), bytesPerRecord: z.number() }),
  recentJobs: z.array(job).default([]),
  readiness: z
    .object({ isReady: z.boolean(), reasons: z.array(z.object({ message: shownText() })) })
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
      best: z.object({ name: shownText(), meanLoss: z.number() }).optional(),
      effectiveWinners: z.number(),
      losingMargin: z.number(),
      earningsMicro: micro,
      preview: shownText().optional(),
    }),
  ),
});
export type Regions = z.infer<typeof regionsSchema>;

export const balanceSchema = z.object({
  availableMicro: micro,
  reservedMicro: micro,
  leaving: z.object({ amountMicro: micro, fromEpoch: z.int().min(0) }).optional(),
});

export const embeddingsSchema = z.object({
  model: shownText(),
  data: z.array(z.object({ index: z.int(), embedding: z.string() })),
  moe: z.object({ receipts: z.array(shownText()), feeMicro: micro }).optional(),
});

export const errorSchema = z.object({
  error: z.object({ message: shownText(), code: shownText().nullish(), param: shownText().nullish() }),
});
