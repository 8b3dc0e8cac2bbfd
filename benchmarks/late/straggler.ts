/** One job in a small market of known times: five seats, everybody honest, the last of them late for some reason. */
import type { NodeId } from '@market-of-experts/core';
import { defaultParameters, type MarketParameters } from '@market-of-experts/protocol';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import type { VirtualClock } from '@market-of-experts/testing/virtual-clock';
import { studyEncode, studyParameters, studyText } from './study-market.ts';

export interface Straggler {
  readonly market: FixedMarket;
  readonly node: NodeId;
  run(): Promise<StragglerOutcome>;
}

export interface StragglerOutcome {
  readonly outcome: string;
  readonly slashMicro: number;
  readonly feeMicro: number;
  /** Witnesses whose signed record misses the straggler. */
  readonly recordsWithout: number;
}

const seats = 5;

/** `embedMs`: how long the straggler or another takes for the first list of an exam, or for the second. */
export function stragglerMarket(
  clock: VirtualClock,
  embedMs: (isStraggler: boolean, isFirstList: boolean) => number,
): Straggler {
  const parameters: MarketParameters = { ...studyParameters, shardSize: seats };
  const market = fixedMarket({
    parameters,
    experts: seats,
    validators: defaultParameters.witnesses,
    name: 'straggler',
    ticketDepth: 6,
    clock,
    encode: (index) => studyEncode(parameters.dimensions, index),
    backend: (index, encode) => ({
      name: `expert-${index}`,
      dimensions: parameters.dimensions,
      embed: async (texts, options) => {
        const takesMs = embedMs(index === seats - 1, texts.length <= parameters.batchTexts);
        if (takesMs > 0) await clock.sleep(takesMs, options?.signal);
        return texts.map(encode);
      },
      close: async () => undefined,
    }),
  });
  const { node } = market.experts[seats - 1]!;
  return {
    market,
    node,
    run: async () => {
      const { certificate, transcript } = await market.runJob({ text: studyText });
      const member = certificate.body.members.find(({ principal }) => principal === node)!;
      await market.close();
      return {
        outcome: member.outcome,
        slashMicro: Number(member.slashMicro),
        feeMicro: Number(certificate.body.data[0]!.feeMicro),
        recordsWithout: transcript.arrivals.filter(({ body }) => !body.principals.includes(node)).length,
      };
    },
  };
}
