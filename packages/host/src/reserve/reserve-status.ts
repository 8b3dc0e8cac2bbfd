import { loadReserveTexts } from '@market-of-experts/history/reserve-texts';
import { readableOwnTexts } from './own-texts.ts';
import { textKey } from './text-key.ts';
import { openUsedTexts, type UsedTexts } from './used-texts.ts';

/** How many texts fill exams up, those of the operator and those that the house ships. */
export interface ReserveStatus {
  /** Texts that wait to be used: of the operator, which go first, and of the house. */
  readonly ownLeft: number;
  readonly houseLeft: number;
  /** Texts that exams have used since the data directory is there. */
  readonly used: number;
  /** Fewer are a reason to add some: see {@link reserveNotices}. */
  readonly fewerThan: number;
  /** What could not be read, in sentences. */
  readonly problems: readonly string[];
}

const fewerThan = 100;

/** Of a data directory, whether a market runs in it or not; changes nothing. `house` defaults to the texts that are shipped. */
export function reserveStatus(dataDir: string, house: readonly string[] = loadReserveTexts()): ReserveStatus {
  const problems: string[] = [];
  const onWarning = (message: string): void => void problems.push(message);
  const used = openUsedTexts(dataDir, onWarning);
  const own = textsLeft(
    readableOwnTexts(dataDir, onWarning).flatMap(({ texts }) => texts),
    used,
  );
  const houseLeft = [...textsLeft(house, used).keys()].filter((key) => !own.has(key)).length;
  return { ...statusOf(own.size, houseLeft, used.count()), problems };
}

/** Texts of a data directory: the operator's that wait to be used, those that are shipped, and whether a text was used there. */
export function readReserve(
  dataDir: string,
  onWarning: (message: string) => void,
): {
  readonly own: readonly string[];
  readonly house: readonly string[];
  readonly wasUsed: (text: string) => boolean;
} {
  const used = openUsedTexts(dataDir, onWarning);
  const texts = readableOwnTexts(dataDir, onWarning).flatMap((file) => file.texts);
  return {
    own: [...textsLeft(texts, used).values()],
    house: loadReserveTexts(),
    wasUsed: (text) => used.has(textKey(text)),
  };
}

/** Each once, by its key. */
function textsLeft(texts: readonly string[], used: UsedTexts): ReadonlyMap<string, string> {
  return new Map(texts.map((text) => [textKey(text), text] as const).filter(([key]) => !used.has(key)));
}

export function statusOf(ownLeft: number, houseLeft: number, used: number): ReserveStatus {
  return { ownLeft, houseLeft, used, fewerThan, problems: [] };
}

/** What an operator should know, in sentences. */
export function reserveNotices({
  ownLeft,
  houseLeft,
}: Pick<ReserveStatus, 'ownLeft' | 'houseLeft'>): readonly string[] {
  const left = ownLeft + houseLeft;
  if (left >= fewerThan) return [];
  const how = left === 0 ? 'No text is' : left === 1 ? 'One text is' : `Only ${left} texts are`;
  return [
    `${how} left in the reserve that fills exams up and no expert has seen; then texts of the house come again, which experts may remember. Add some of your own: moe reserve add FOLDER.`,
  ];
}
