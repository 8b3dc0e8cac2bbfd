import { type Clock, messageOf, type Random } from '@market-of-experts/core';
import type { AuditTexts } from '@market-of-experts/roles/coordinator/audits/auditor';
import type { Reserve } from '@market-of-experts/roles/coordinator/reserve';
import type { BaseEncoder } from '../house/task-skills.ts';
import { ownTextLimits, readableOwnTexts, removeOwnTexts, watchOwnTexts } from './own-texts.ts';
import { placeEntries } from './place-entries.ts';
import { chooseEntries, type ReserveEntry } from './reserve-entries.ts';
import { type ReserveStatus, reserveNotices, statusOf } from './reserve-status.ts';
import { textKey } from './text-key.ts';
import { mostUsedTexts, openUsedTexts } from './used-texts.ts';

export interface HouseReserveInit {
  readonly dataDir: string;
  /** Texts that come with the program, which are used when the operator's own are. */
  readonly house: readonly string[];
  /** Whether those come again when no fresh text is left; default true. */
  readonly isHouseReused?: boolean;
  readonly encoder: BaseEncoder;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
}

/** Of the texts that were used the longest ago the nearest of so many come again. */
const mostAgain = 512;

/** The reserve of all markets of a process. */
export interface HouseReserve extends Reserve {
  status(): ReserveStatus;
  /**
   * Texts of the house for an audit: two drawn by `random`, and so many others near the second as `take` gives an exam of it; nothing is used up by
   * it. Undefined while fresh texts are left: exams take those, and what they ask is to be like what is audited.
   */
  auditTexts(others: number, bytes: number, random: Random): AuditTexts | undefined;
  /** What the operator should know, in sentences. */
  notices(): readonly string[];
  /** Resolves when the texts that it has are placed. */
  placed(): Promise<void>;
  /** Ends background work. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Texts that fill exams up. Each is handed out once in the life of the data directory: what is handed out is on disk before. The operator's own go
 * first; texts that he adds while this runs are taken up within a second. Where a disk takes no note, nothing is handed out. When no fresh text is
 * left, those of the house come again, the longest unused first: they are public, and the operator is told.
 */
export function openHouseReserve(init: HouseReserveInit): HouseReserve {
  const { dataDir, onWarning } = init;
  const used = openUsedTexts(dataDir, onWarning);
  const seen = new Set<string>();
  const entriesOf = (texts: readonly string[]): ReserveEntry[] =>
    texts.flatMap((text) => {
      const key = textKey(text);
      if (seen.has(key) || used.has(key)) return [];
      seen.add(key);
      return [{ key, text, bytes: Buffer.byteLength(text), position: undefined }];
    });
  const own: ReserveEntry[] = [];
  const house: ReserveEntry[] = [];
  /** Texts of the house that are used: the longest ago first. Everybody has them, so to use them again gives nothing away that was not out. */
  const spent: ReserveEntry[] = [];
  if (init.isHouseReused !== false) spent.push(...houseUsed(init.house, used));
  let hasFailed = false;

  const takeUpOwn = (): void => {
    const files = readableOwnTexts(dataDir, onWarning);
    for (const file of files) {
      if (file.texts.every((text) => used.has(textKey(text)))) removeOwnTexts(file);
      // Who writes more into the folder than the command does has them wait for another start.
      else own.push(...entriesOf(file.texts).slice(0, Math.max(0, ownTextLimits.texts - own.length)));
    }
  };
  // Before the first look, so that nothing that is added meanwhile is missed.
  const unwatch = watchOwnTexts(dataDir, () => {
    takeUpOwn();
    placer.look();
  });
  takeUpOwn();
  house.push(...entriesOf(init.house));
  const placer = placeEntries({ ...init, entries: () => [...own, ...house, ...spent] });
  placer.look();

  const status = (): ReserveStatus => statusOf(own.length, house.length, used.count());
  return {
    take(most, bytes, near) {
      const fresh = chooseEntries([own, house], Math.min(most, mostUsedTexts - used.count()), bytes, near);
      try {
        if (fresh.length > 0) used.add(fresh.map(({ key }) => key));
        hasFailed = false;
      } catch (error) {
        if (!hasFailed) onWarning(`Exams go on without the reserve: ${messageOf(error)}`);
        hasFailed = true;
        return [];
      }
      const room = bytes - fresh.reduce((sum, entry) => sum + entry.bytes, 0);
      const again = chooseEntries([spent.slice(0, mostAgain)], most - fresh.length, room, near);
      const ofHouse = new Set(house);
      const taken = new Set([...fresh, ...again]);
      for (const entries of [own, house, spent]) removeFrom(entries, taken);
      if (init.isHouseReused !== false) spent.push(...fresh.filter((entry) => ofHouse.has(entry)), ...again);
      return [...taken].map(({ text }) => text);
    },
    auditTexts(others, bytes, random) {
      if (own.length + house.length > 0 || spent.length < others + 2) return undefined;
      const [examined, served] = twoOf(spent, random);
      const rest = spent.filter((entry) => entry !== examined && entry !== served);
      const near = chooseEntries([rest.slice(0, mostAgain)], others, bytes, served.position);
      return { examined: examined.text, served: served.text, others: near.map(({ text }) => text) };
    },
    status,
    notices: () => reserveNotices(status()),
    placed: placer.idle,
    async close() {
      unwatch();
      await placer.close();
    },
  };
}

/** Two different ones. */
function twoOf(entries: readonly ReserveEntry[], random: Random): readonly [ReserveEntry, ReserveEntry] {
  const below = (count: number): number =>
    Number(BigInt(`0x${Buffer.from(random.bytes(8)).toString('hex')}`) % BigInt(count));
  const first = below(entries.length);
  const second = (first + 1 + below(entries.length - 1)) % entries.length;
  return [entries[first]!, entries[second]!];
}

function houseUsed(house: readonly string[], used: { has(key: string): boolean }): ReserveEntry[] {
  return house.flatMap((text) => {
    const key = textKey(text);
    return used.has(key) ? [{ key, text, bytes: Buffer.byteLength(text), position: undefined }] : [];
  });
}

function removeFrom(entries: ReserveEntry[], gone: ReadonlySet<ReserveEntry>): void {
  const left = entries.filter((entry) => !gone.has(entry));
  if (left.length < entries.length) entries.splice(0, entries.length, ...left);
}
