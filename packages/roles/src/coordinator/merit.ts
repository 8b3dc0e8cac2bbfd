import { messageOf, type NodeId } from '@market-of-experts/core';
import { normalBelow } from '@market-of-experts/history';
import { compareFractions, noLosses, placeExcess } from '@market-of-experts/protocol';
import type { TaskSkill } from '../tasks/task-skill.ts';
import type { LedgerView } from '../view/ledger-view.ts';

/** Experts for one text, the best first, and how sure it is that the first is the best. */
interface RankedExperts {
  readonly experts: readonly NodeId[];
  /** 0 where nothing is known about texts like this. */
  readonly confidence: number;
}

/** Whom to ask in routed mode. */
export type Merit = (text: string, signal: AbortSignal) => Promise<RankedExperts>;

export interface MeritInit {
  readonly view: LedgerView;
  /** A cheap skill of the market's kind, to see where a text lies; without one all texts are alike. */
  readonly router?: Pick<TaskSkill, 'answerFirst'> | undefined;
  readonly onWarning: (message: string) => void;
}

/** Ranks experts by what the history says of texts like this one; without router or history, by their standing. */
export function createMerit({ view, router, onWarning }: MeritInit): Merit {
  const { beliefs } = view;
  if (router === undefined || beliefs === undefined)
    return async () => ({ experts: expertsByStanding(view), confidence: 0 });
  return async (text, signal) => {
    try {
      const { parameters } = view.current().roster;
      const datum = view.task.locate(await router.answerFirst([text], parameters, signal));
      const experts = expertsByStanding(view);
      const ranked = beliefs
        .excessOf(datum, experts)
        .map((excess, index) => ({ node: experts[index]!, excess }))
        .sort((a, b) => a.excess.mean - b.excess.mean);
      const [best, second] = ranked;
      const confidence =
        best === undefined || second === undefined
          ? 0
          : normalBelow(
              (second.excess.mean - best.excess.mean) / Math.hypot(best.excess.sd, second.excess.sd),
            );
      return { experts: ranked.map(({ node }) => node), confidence };
    } catch (error) {
      signal.throwIfAborted();
      onWarning(`Where a text lies could not be seen: ${messageOf(error)}`);
      return { experts: expertsByStanding(view), confidence: 0 };
    }
  };
}

const cache = new WeakMap<object, NodeId[]>();

/** Experts past probation, the lowest certified mean excess first; made once for each roster. */
function expertsByStanding(view: LedgerView): NodeId[] {
  const { roster } = view.current();
  const known = cache.get(roster);
  if (known !== undefined) return known;
  const { standings } = view.standings();
  const sorted = roster.experts
    .filter(({ onProbation }) => !onProbation)
    .map(({ node }) => ({
      node,
      excess: placeExcess({ global: standings.of(node, 0).global, place: noLosses }, roster.parameters),
    }))
    .sort((a, b) => compareFractions(a.excess, b.excess))
    .map(({ node }) => node);
  cache.set(roster, sorted);
  return sorted;
}
