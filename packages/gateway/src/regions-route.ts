import type { MarketService, RegionListing } from '@market-of-experts/api/market-service';
import { MAX_REGIONS, type Region, type Regions, regionsQuerySchema } from '@market-of-experts/api/regions';
import { type MarketId, MoeError } from '@market-of-experts/core';
import type { FastifyInstance } from 'fastify';
import { createAdmission } from './admission.ts';
import type { GatewayLimits } from './limits.ts';
import { readQuery } from './read-query.ts';
import { sendJson } from './send-json.ts';

/** Losses are told apart to so many parts of one: answers for near losses are shared. */
const lossSteps = 1_000;
/** Answers that are kept, each for another loss or market. */
const maxKept = 16;
const neverAborted = new AbortController().signal;

/** What is asked: regions of which market, for an expert of which loss. */
interface Question {
  readonly market: MarketId | undefined;
  readonly expertLoss: number | undefined;
}

interface Reading {
  readonly regions: Promise<Region[]>;
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
  const kept = new Map<string, Reading>();
  const admission = createAdmission({
    maxConcurrent: 1,
    maxQueued: limits.maxQueuedRegions,
    queueTimeoutMs: limits.queueTimeoutMs,
  });

  const read = async ({ market, expertLoss }: Question): Promise<Region[]> => {
    await admission.enter(neverAborted);
    try {
      const regions = await service.regions({
        ...(expertLoss === undefined ? {} : { expertLoss }),
        ...(market === undefined ? {} : { market }),
      });
      return regions.map(toRegion);
    } finally {
      admission.leave();
    }
  };
  const regionsFor = (question: Question): Promise<Region[]> => {
    const key = `${question.market ?? ''}/${question.expertLoss ?? ''}`;
    const known = kept.get(key);
    const ageMs = performance.now() - (known?.endedMs ?? Number.POSITIVE_INFINITY);
    if (known !== undefined && ageMs <= limits.regionsMaxAgeMs) return known.regions;
    const reading: Reading = { regions: read(question) };
    reading.regions.then(
      () => {
        reading.endedMs = performance.now();
      },
      // A refusal is told to those who asked together, and to nobody later.
      () => {
        if (kept.get(key) === reading) kept.delete(key);
      },
    );
    kept.delete(key);
    kept.set(key, reading);
    if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
    return reading.regions;
  };

  const marketNamed = (name: string | undefined): MarketId | undefined => {
    if (name === undefined) return undefined;
    const found = service.markets().find(({ id, aliases }) => id === name || aliases.includes(name));
    if (found === undefined)
      throw new MoeError('unknown-market', `There is no market "${name.slice(0, 80)}" here.`, {
        metadata: { param: 'market' },
      });
    return found.id;
  };

  app.get<{ Querystring: Record<string, unknown> }>('/v1/regions', async (request, reply) => {
    const {
      market: name,
      loss,
      limit = MAX_REGIONS,
    } = readQuery(regionsQuerySchema, request.query, {
      market: '"market" is the id of one market.',
      loss: '"loss" is the mean loss of an expert, from 0 (perfect) over 0.5 (chance) to 1.',
      limit: `"limit" is a whole number from 1 to ${MAX_REGIONS}.`,
    });
    const expertLoss = loss === undefined ? undefined : Math.round(Number(loss) * lossSteps) / lossSteps;
    const regions = await regionsFor({ market: marketNamed(name), expertLoss });
    return sendJson(reply.header('cache-control', 'no-store'), {
      object: 'list',
      expertLoss: expertLoss ?? null,
      total: regions.length,
      data: regions.slice(0, Number(limit)),
    } satisfies Regions);
  });
}

/** Means and expectations of credits are rounded to whole micro-credits, and written as amounts are. */
function toRegion({ meanFeeMicro, earningsMicro, ...region }: RegionListing): Region {
  return {
    ...region,
    meanFeeMicro: BigInt(Math.round(meanFeeMicro)),
    earningsMicro: BigInt(Math.round(earningsMicro)),
  };
}
