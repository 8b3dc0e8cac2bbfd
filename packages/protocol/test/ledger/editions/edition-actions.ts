import { hashOf } from '@market-of-experts/core';
import { type Edition, editionBytes } from '../../../src/editions/edition.ts';
import type { ExamsRecord } from '../../../src/editions/exams-record.ts';
import type { LedgerState } from '../../../src/ledger/state/state.ts';
import type { ActionOf } from '../../../src/ledger/transaction/transaction.ts';
import { MARKET, NETWORK, nodeOf } from '../ledger-fixture.ts';

export const examsOf = (toBatch = 0, fromBatch = 0): ExamsRecord => ({
  root: hashOf('test/exams', toBatch),
  fromBatch,
  toBatch,
  texts: 600,
});

/** The next edition of a market, of these experts, in force from the running epoch on and served up to the next. */
export function editionAfter(
  state: LedgerState,
  names: readonly string[] = ['star'],
  changes: Partial<Edition> = {},
): Edition {
  const { market = MARKET } = changes;
  const last = state.markets.get(market)?.edition;
  const { epoch } = state.network.get('network')!;
  return {
    network: NETWORK,
    market,
    number: (last?.number ?? 0) + 1,
    previous: last?.hash ?? null,
    parts: names.map((name) => ({
      node: nodeOf(name),
      modelVersion: hashOf('test/model', name),
      dimensions: 8,
      weightSteps: 2,
    })),
    places: null,
    gate: [],
    windowCharacters: 1_000,
    projectionSeed: hashOf('test/projection', 0),
    fromEpoch: epoch,
    toEpoch: epoch + 1,
    evidence: examsOf().root,
    ...changes,
  };
}

export const publish = (edition: Edition, exams?: ExamsRecord): ActionOf<'publishEdition'> => ({
  kind: 'publishEdition',
  market: edition.market,
  edition: editionBytes(edition),
  ...(exams === undefined ? {} : { exams }),
});
