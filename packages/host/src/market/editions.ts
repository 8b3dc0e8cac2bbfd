import { join } from 'node:path';
import { type Hash, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import {
  type Edition,
  type EditionPart,
  editionHash,
  editionName,
  editionSchema,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/** The editions that a market has had: what clients have stored was made by them. */
export interface Editions {
  /** The one in force, or the one of that number. */
  readonly get: (number?: number) => Edition | undefined;
  readonly byHash: (hash: Hash) => Edition | undefined;
  /** The first one first. */
  readonly all: () => readonly Edition[];
}

export interface EditionsInit {
  /** Of the market. */
  readonly directory: string;
  readonly network: string;
  readonly market: MarketId;
  /** Of which an edition is made where one is made. */
  readonly parts: readonly EditionPart[];
  /** Makes another edition where these are not the parts of the one in force. */
  readonly isRenewed: boolean;
  readonly epoch: number;
  readonly nameOf: (node: NodeId) => string;
  readonly onWarning: (message: string) => void;
}

const fileSchema = z.strictObject({ editions: z.array(editionSchema).min(1) });

/**
 * The market's editions as its directory has them. The first is made when there is none; another only on the owner's word: a
 * market that answered otherwise since other experts were started would spoil what its clients have stored. Throws `file-damaged`
 * and `other-format`, since an edition that is made again might be another one.
 */
export function openEditions(init: EditionsInit): Editions {
  const path = join(init.directory, editionsFile);
  let editions = readEditions(path);
  const previous = editions.at(-1);
  const isNew = previous === undefined || (init.isRenewed && !hasParts(previous, init.parts));
  if (isNew) {
    // Nothing is written that could not be read again.
    ({ editions } = fileSchema.parse({ editions: [...editions, editionAfter(previous, init)] }));
    writeSealedJson(path, { editions });
  } else if (!hasParts(previous, init.parts))
    init.onWarning(
      `${editionName(previous)} stays in force, of ${names(previous.parts, init)}, though this start is for ${names(init.parts, init)}. Ask for another edition if you want one: what clients have stored does not fit it.`,
    );
  return {
    get: (number) => (number === undefined ? editions.at(-1) : editions[number - 1]),
    byHash: (hash) => editions.find((edition) => editionHash(edition) === hash),
    all: () => editions,
  };
}

export const editionsFile = 'editions.json';

/** Throws `file-damaged` and `other-format`. */
export function readEditions(path: string): readonly Edition[] {
  return readSealedJson(path, fileSchema)?.editions ?? [];
}

/** Parts that stay keep their order, and newcomers come last: what is stored of those that stay can be kept. */
function editionAfter(
  previous: Edition | undefined,
  { network, market, parts, epoch }: EditionsInit,
): Edition {
  const placeOf = ({ node }: EditionPart): number => {
    const place = previous?.parts.findIndex((part) => part.node === node) ?? -1;
    return place < 0 ? Number.POSITIVE_INFINITY : place;
  };
  return {
    network,
    market,
    number: (previous?.number ?? 0) + 1,
    previous: previous === undefined ? null : editionHash(previous),
    parts: parts.toSorted((a, b) => (placeOf(a) === placeOf(b) ? 0 : placeOf(a) - placeOf(b))),
    places: null,
    gate: [],
    windowCharacters,
    projectionSeed: previous?.projectionSeed ?? hashOf('moe/projection-seed/1', [network, market]),
    fromEpoch: epoch,
    toEpoch: epoch + servedEpochs,
    // Its owner's choice.
    evidence: hashOf('moe/edition-evidence/1', []),
  };
}

/** No text is longer: experts read as far as their models do (decision 0036). */
const windowCharacters = 65_536;
/** A year of minutes. */
const servedEpochs = 525_600;

function hasParts(edition: Edition, parts: readonly EditionPart[]): boolean {
  const set = (of: readonly EditionPart[]): Set<Hash> =>
    new Set(of.map((part) => hashOf('moe/edition-part/1', part)));
  const [here, wanted] = [set(edition.parts), set(parts)];
  return here.size === wanted.size && [...wanted].every((part) => here.has(part));
}

function names(parts: readonly EditionPart[], { nameOf }: EditionsInit): string {
  return parts.map(({ node }) => nameOf(node)).join(', ');
}
