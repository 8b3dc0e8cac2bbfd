import type { ExpertStatus } from '@market-of-experts/api/experts';
import type { Amount, MarketId, NodeId } from '@market-of-experts/core';
import type { EmbeddedLedger } from '@market-of-experts/ledger';
import { lossUnitsPerDatum, type MarketParameters } from '@market-of-experts/protocol';
import type { LedgerView } from '@market-of-experts/roles/view/ledger-view';
import { callsOf } from '@market-of-experts/roles/view/settled-state';
import type { KeyFile } from '../directory/key-file.ts';
import { expertOwner, houseStakeMicro } from './enrol-expert.ts';
import type { ConnectedExpert } from './expert-pool.ts';

export interface ExpertStatusComponents {
  readonly market: MarketId;
  readonly keys: KeyFile;
  readonly embedded: EmbeddedLedger;
  readonly view: LedgerView;
  readonly parameters: () => MarketParameters;
  /** Names as they are shown, of who is registered. */
  readonly nameOf: (node: NodeId) => string;
}

/** What an expert of this machine has done and earned in a market, and what stands behind it. */
export function expertStatus(
  { market, keys, embedded, view, parameters, nameOf }: ExpertStatusComponents,
  { spec, node }: ConnectedExpert,
): ExpertStatus {
  const { standings, totals } = view.standings();
  const { jobs, lossUnits, wins } = standings.of(node, 0).global;
  const record = embedded.ledger.expert(market, node);
  const { stakeMicro, askBps } = record ?? { stakeMicro: 0n, askBps: 0 };
  const calls = callsOf(totals, node);
  const onProbation = view.current().roster.experts.find((expert) => expert.node === node)?.onProbation;
  return {
    id: node,
    name: record === undefined ? spec.name : nameOf(node),
    description: spec.description,
    state: onProbation === undefined ? 'offline' : onProbation ? 'probation' : 'serving',
    jobs,
    wins,
    callsMade: { jobs: calls.made, wins: calls.madeWon },
    callsAnswered: { jobs: calls.answered, wins: calls.answeredWon },
    askBps,
    ...(jobs === 0 ? {} : { meanLoss: lossUnits / jobs / lossUnitsPerDatum }),
    earnedMicro: atLeast0(
      embedded.ledger.account(expertOwner(keys, { market, name: spec.name }).address).balanceMicro -
        embedded.ledger.settings().rules.minBalanceMicro,
    ),
    slashedMicro: atLeast0(houseStakeMicro(parameters()) - stakeMicro),
    stakeMicro,
  };
}

function atLeast0(amount: Amount): Amount {
  return amount > 0n ? amount : 0n;
}
