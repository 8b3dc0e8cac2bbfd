import {
  type AccountId,
  type Hash,
  hashOf,
  type MarketId,
  type NodeId,
  type OwnerKey,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import {
  type Edition,
  type EditionPart,
  type EditionRecord,
  editionBytes,
  editionKey,
  editionName,
  readEdition,
  servedEpochs,
} from '@market-of-experts/protocol';

/** The editions that a market has had, as the ledger remembers them: what clients have stored was made by them. */
export interface Editions {
  /** The one in force, or the one of that number. */
  readonly get: (number?: number) => Edition | undefined;
  readonly byHash: (hash: Hash) => Edition | undefined;
  /** The first one first. */
  readonly all: () => readonly Edition[];
}

export function ledgerEditions(
  ledger: Pick<Ledger, 'editions' | 'market' | 'tables'>,
  market: MarketId,
): Editions {
  const known = new Map<Hash, Edition>();
  const read = ({ hash, edition: bytes }: EditionRecord): Edition => {
    const edition = known.get(hash) ?? readEdition(bytes);
    known.set(hash, edition);
    return edition;
  };
  const inForce = (): number | undefined => ledger.market(market)?.edition?.number;
  return {
    // Asked for every text.
    get(number = inForce()) {
      const record = number && ledger.tables().editions.get(editionKey(market, number));
      return record ? read(record) : undefined;
    },
    byHash: (hash) => {
      const record = ledger.editions(market).find((each) => each.hash === hash);
      return record && read(record);
    },
    all: () => ledger.editions(market).map(read),
  };
}

export interface FirstEditionInit {
  readonly ledger: Ledger;
  readonly market: MarketId;
  /** The key of an account of the house, where it has it. */
  readonly keyOf: (account: AccountId) => OwnerKey | undefined;
  /** Of which an edition is made where one is made. */
  readonly parts: readonly EditionPart[];
  /** Makes another edition where these are not the parts of the one in force. */
  readonly isRenewed: boolean;
  readonly nameOf: (node: NodeId) => string;
  readonly onWarning: (message: string) => void;
}

/**
 * Publishes the first edition of a market that has none; another of the operator's choice only on his word, and in a market of the
 * house: one that answered otherwise since other experts were started would spoil what its clients have stored. Rejects as the ledger refuses.
 */
export async function openEditions(init: FirstEditionInit): Promise<Editions> {
  const { ledger, market, parts } = init;
  const editions = ledgerEditions(ledger, market);
  const record = ledger.market(market)!;
  const previous = editions.get();
  const owner = init.keyOf(record.owner);
  const keys = previous === undefined ? (owner ?? init.keyOf(ledger.settings().treasury)) : owner;
  const isNew = previous === undefined || (init.isRenewed && !hasParts(previous, parts));
  if (isNew && keys !== undefined) {
    const { epoch, rules } = ledger.settings();
    const edition: Edition = {
      ...(previous ?? foundingEdition(ledger.network, market)),
      // A market of this name may have had some.
      number: (record.edition?.number ?? 0) + 1,
      previous: record.edition?.hash ?? null,
      parts: inOrderAfter(previous, parts),
      places: null,
      gate: [],
      fromEpoch: epoch,
      toEpoch: epoch + servedEpochs(rules),
      evidence: hashOf('moe/edition-evidence/1', []),
    };
    await ledger.transact(keys, { kind: 'publishEdition', market, edition: editionBytes(edition) });
  } else if (previous !== undefined && isOperatorsChoice(ledger, previous) && !hasParts(previous, parts))
    init.onWarning(
      `${editionName(previous)} stays in force, of ${names(previous.parts, init)}, though this start is for ${names(parts, init)}. Ask for another edition if you want one: what clients have stored does not fit it.`,
    );
  return editions;
}

function foundingEdition(network: string, market: MarketId) {
  return {
    network,
    market,
    windowCharacters,
    projectionSeed: hashOf('moe/projection-seed/1', [network, market]),
  };
}

/** No text is longer: experts read as far as their models do (decision 0036). */
const windowCharacters = 65_536;
/** Parts that stay keep their order, and newcomers come last: what is stored of those that stay can be kept. */
function inOrderAfter(previous: Edition | undefined, parts: readonly EditionPart[]): EditionPart[] {
  const placeOf = ({ node }: EditionPart): number => {
    const place = previous?.parts.findIndex((part) => part.node === node) ?? -1;
    return place < 0 ? Number.POSITIVE_INFINITY : place;
  };
  return parts.toSorted((a, b) => (placeOf(a) === placeOf(b) ? 0 : placeOf(a) - placeOf(b)));
}

/** What exams chose is of other parts than an operator named, and rightly. */
function isOperatorsChoice(ledger: Pick<Ledger, 'editions'>, { market, number }: Edition): boolean {
  return ledger.editions(market).find((each) => each.number === number)?.exams === undefined;
}

function hasParts(edition: Edition, parts: readonly EditionPart[]): boolean {
  const set = (of: readonly EditionPart[]): Set<Hash> =>
    new Set(of.map((part) => hashOf('moe/edition-part/1', part)));
  const [here, wanted] = [set(edition.parts), set(parts)];
  return here.size === wanted.size && [...wanted].every((part) => here.has(part));
}

function names(parts: readonly EditionPart[], { nameOf }: Pick<FirstEditionInit, 'nameOf'>): string {
  return parts.map(({ node }) => nameOf(node)).join(', ');
}
