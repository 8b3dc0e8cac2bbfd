import type { MarketService, RegionListing } from '@moe/node';
import type { FastifyInstance } from 'fastify';
import { createAdmission } from './admission.ts';
import { invalidRequest } from './http-error.ts';
import type { GatewayLimits } from './limits.ts';
import { sendJson } from './send-json.ts';

const maxRegions = 256;
/** Losses are told apart to so many parts of one: answers for near losses are shared. */
const lossSteps = 1_000;
/** Answers that are kept, each for another loss. */
const maxKept = 16;
const neverAborted = new AbortController().signal;

interface Reading {
  readonly regions: Promise<Json[]>;
  /** Undefined while it runs. */
  endedMs?: number;
}

/**
 * `GET /v1/regions`: where demand is, who serves it, and what an expert of a given loss would earn there. Reading the
 * history costs more than other reads, so one reading runs at a time and its answer is kept for a moment.
 */
export function registerRegions(
  app: FastifyInstance,
  components: { readonly service: MarketService; readonly limits: GatewayLimits },
): void {
  const { service, limits } = components;
  const kept = new Map<number | undefined, Reading>();
  const admission = createAdmission({
    maxConcurrent: 1,
    maxQueued: limits.maxQueuedRegions,
    queueTimeoutMs: limits.queueTimeoutMs,
  });

  const read = async (expertLoss: number | undefined): Promise<Json[]> => {
    await admission.enter(neverAborted);
    try {
      return (await service.regions(expertLoss === undefined ? {} : { expertLoss })).map(toRegion);
    } finally {
      admission.leave();
    }
  };
  const regionsFor = (expertLoss: number | undefined): Promise<Json[]> => {
    const known = kept.get(expertLoss);
    const ageMs = performance.now() - (known?.endedMs ?? Number.POSITIVE_INFINITY);
    if (known !== undefined && ageMs <= limits.regionsMaxAgeMs) return known.regions;
    const reading: Reading = { regions: read(expertLoss) };
    reading.regions.then(
      () => {
        reading.endedMs = performance.now();
      },
      // A refusal is told to those who asked together, and to nobody later.
      () => {
        if (kept.get(expertLoss) === reading) kept.delete(expertLoss);
      },
    );
    kept.delete(expertLoss);
    kept.set(expertLoss, reading);
    if (kept.size > maxKept) kept.delete(kept.keys().next().value);
    return reading.regions;
  };

  app.get<{ Querystring: Record<string, unknown> }>('/v1/regions', async (request, reply) => {
    const { expertLoss, limit } = readQuery(request.query);
    const regions = await regionsFor(expertLoss);
    return sendJson(reply.header('cache-control', 'no-store'), {
      object: 'list',
      expertLoss: expertLoss ?? null,
      total: regions.length,
      data: regions.slice(0, limit),
    });
  });
}

type Json = Record<string, unknown>;

/** Throws `unknown-parameter` and `invalid-request`. */
function readQuery(query: Record<string, unknown>): {
  readonly expertLoss: number | undefined;
  readonly limit: number;
} {
  const unknown = Object.keys(query).find((name) => name !== 'loss' && name !== 'limit');
  if (unknown !== undefined)
    throw invalidRequest(
      unknown.slice(0, 80),
      `Unknown parameter: "${unknown.slice(0, 80)}".`,
      'unknown-parameter',
    );
  const { loss, limit } = query;
  if (loss !== undefined && !(typeof loss === 'string' && /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(loss)))
    throw invalidRequest(
      'loss',
      '"loss" is the mean loss of an expert, from 0 (perfect) over 0.5 (chance) to 1.',
    );
  const isLimit = typeof limit === 'string' && /^[1-9]\d{0,2}$/.test(limit) && Number(limit) <= maxRegions;
  if (limit !== undefined && !isLimit)
    throw invalidRequest('limit', `"limit" is a whole number from 1 to ${maxRegions}.`);
  return {
    expertLoss: loss === undefined ? undefined : Math.round(Number(loss) * lossSteps) / lossSteps,
    limit: limit === undefined ? maxRegions : Number(limit),
  };
}

/** Means and expectations of credits are rounded to whole micro-credits, and written as amounts are. */
function toRegion({ meanFeeMicro, earningsMicro, ...region }: RegionListing): Json {
  return {
    ...region,
    meanFeeMicro: BigInt(Math.round(meanFeeMicro)),
    earningsMicro: BigInt(Math.round(earningsMicro)),
  };
}
