import { randomBytes } from 'node:crypto';
import { decode, encode, type Hash, hashSchema, MoeError, messageOf } from '@market-of-experts/core';
import { z } from 'zod';
import { type EmbeddedStore, openStore } from '../store/embedded-store.ts';
import { type GuardAnchor, type GuardPosition, openAnchor } from './anchor-file.ts';
import { type GuardTables, isNew, markAfter, mergedMark, type SequenceMark } from './guard-rules.ts';
import { slotOf, untilKey, untilOf, withUntil } from './once-entry.ts';
import type { OnceSaying, Saying, SigningGuard } from './signing-guard.ts';

export interface EmbeddedGuardInit {
  readonly directory: string;
  /** Folder outside the data directory, the same for every copy of it: see {@link GuardAnchor}. */
  readonly anchorDirectory: string;
  readonly nowMs: () => number;
  /** No honest question about what was said before now comes later than this. */
  readonly longestMs: number;
  /** Goes on with an older copy, as the operator decided: after a while for jobs, at once for what is numbered. */
  readonly acceptsOlderCopy: boolean;
}

/** Value of a key that says all. */
const present = Buffer.from([1]);
/** How long an entry that is not urgent waits for others. */
const lazyMs = 25;
/** Forgotten at most in one write, so that none takes long. */
const forgottenPerWrite = 256;

interface Write {
  readonly saying: Saying;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A guard in an embedded store: entries that come together share one write. Throws `guard-older-copy` when the anchor has
 * seen more than the store knows, `guard-in-use`, `guard-anchor-unusable`, and what `openStore` throws.
 */
export async function openEmbeddedGuard(init: EmbeddedGuardInit): Promise<SigningGuard> {
  const anchor = openAnchor(init.anchorDirectory);
  let store: EmbeddedStore | undefined;
  try {
    store = openStore(init.directory);
    return await openGuard(init, anchor, store);
  } catch (error) {
    await store?.close();
    anchor.close();
    throw error;
  }
}

async function openGuard(
  { directory, nowMs, longestMs, acceptsOlderCopy }: EmbeddedGuardInit,
  anchor: GuardAnchor,
  store: EmbeddedStore,
): Promise<SigningGuard> {
  const once = store.table<string>('guard-once');
  const untils = store.table<string>('guard-until');
  const sequences = store.table<string>('guard-sequences');
  const meta = store.table<string>('guard-meta');
  const kept = meta.get('position');
  const before = kept === undefined ? undefined : decode(kept, positionSchema);
  let pastMs = before?.pastMs ?? 0;
  let count = before?.count ?? 0;
  const anchored = anchor.read();
  if (isOlder(before, anchored)) {
    if (!acceptsOlderCopy) throw olderCopy(directory);
    pastMs = Math.max(pastMs, nowMs() + longestMs);
  }
  const token = randomBytes(16).toString('hex');
  const previous = anchored?.token ?? '';
  const position = (): GuardPosition => ({ token, count });
  const keepPosition = (): void => {
    meta.put('position', Buffer.from(encode({ token, previous, count, pastMs })));
  };
  await store.write(keepPosition);
  anchor.note(position(), true);

  /** Entered, not durable yet. */
  const arrivingOnce = new Map<string, Omit<OnceSaying, 'slot'>>();
  const arrivingMarks = new Map<string, SequenceMark>();
  const marks = new Map<string, SequenceMark>();
  for (const { key, value } of sequences.getRange({})) marks.set(key, markIn(value));
  const tables: GuardTables = {
    once(slot) {
      const value = once.get(slot);
      return arrivingOnce.get(slot) ?? (value === undefined ? undefined : untilOf(value));
    },
    sequence: (name) => arrivingMarks.get(name) ?? marks.get(name),
    pastMs: () => pastMs,
    nowMs,
  };

  let queue: Write[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  /** Inside a write: drops what nobody can honestly ask about any more, and notes until when that was. */
  const forget = (): void => {
    const doomed = [...untils.getKeys({ end: untilKey(nowMs(), ''), limit: forgottenPerWrite })];
    for (const key of doomed) {
      const { untilMs, slot } = slotOf(key);
      untils.remove(key);
      const value = once.get(slot);
      // Something else may have been said there since.
      if (value !== undefined && untilOf(value).untilMs === untilMs) once.remove(slot);
      pastMs = Math.max(pastMs, untilMs);
    }
  };
  const writeNow = (batch: readonly Saying[]): Promise<void> =>
    store.write(() => {
      forget();
      const touched = new Set<string>();
      for (const saying of batch)
        if ('untilMs' in saying) {
          once.put(saying.slot, withUntil(saying));
          untils.put(untilKey(saying.untilMs, saying.slot), present);
        } else touched.add(saying.sequence);
      // A mark holds thousands of names at most: it is written once, however many of them are new.
      for (const sequence of touched) sequences.put(sequence, markBytes(arrivingMarks.get(sequence)!));
      count += batch.length;
      keepPosition();
    });
  const writeAll = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      try {
        await writeNow(batch.map(({ saying }) => saying));
        for (const { saying } of batch)
          if ('sequence' in saying && arrivingMarks.has(saying.sequence))
            marks.set(saying.sequence, arrivingMarks.get(saying.sequence)!);
        anchor.note(position(), false);
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        const error = new MoeError(
          'guard-failed',
          `What is to be signed cannot be noted in ${store.directory}: ${messageOf(cause)}. Nothing was signed. Check the disk.`,
          { cause, isRetryable: true },
        );
        for (const { reject } of batch) reject(error);
      } finally {
        const stillComing = new Set(queue.map(({ saying }) => nameOf(saying)));
        for (const { saying } of batch) {
          if (stillComing.has(nameOf(saying))) continue;
          if ('untilMs' in saying) arrivingOnce.delete(saying.slot);
          else arrivingMarks.delete(saying.sequence);
        }
      }
    }
    // In the same step as the last look at the queue: what comes from here on begins a write of its own.
    isWriting = false;
  };
  let isWriting = false;
  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (isWriting) return;
    isWriting = true;
    writing = writeAll();
  };
  /** Those that come in one turn of the event loop share a write. */
  const writeSoon = (isUrgent: boolean): void => {
    if (isWriting) return;
    if (isUrgent) setImmediate(start);
    else timer ??= setTimeout(start, lazyMs);
  };

  const enter: SigningGuard['enter'] = (saying, { isUrgent = true } = {}) => {
    if (isClosed) return Promise.reject(new MoeError('guard-closed', 'The signing guard is closed.'));
    const isKnown = !isNew(saying, tables);
    const isArriving =
      'untilMs' in saying ? arrivingOnce.has(saying.slot) : arrivingMarks.has(saying.sequence);
    if (isKnown && !isArriving) return Promise.resolve();
    if ('untilMs' in saying) arrivingOnce.set(saying.slot, { said: saying.said, untilMs: saying.untilMs });
    else arrivingMarks.set(saying.sequence, markAfter(saying, tables.sequence(saying.sequence)));
    return new Promise((resolve, reject) => {
      queue.push({ saying, resolve, reject });
      writeSoon(isUrgent);
    });
  };

  return {
    enter,
    async enterAll(sayings) {
      if (!isClosed) for (const saying of sayings) isNew(saying, tables);
      // In the same step, so they share a write.
      await Promise.all(sayings.map((saying) => enter(saying)));
    },
    exported: () => ({
      format: 'moe-signing-guard/1',
      pastMs,
      once: [...once.getRange({})].map(({ key, value }) => ({ slot: key, ...untilOf(value) })),
      sequences: [...marks].map(([sequence, { number, said }]) => ({ sequence, number, said: [...said] })),
    }),
    async take({ pastMs: otherPastMs, once: others, sequences: otherMarks }) {
      pastMs = Math.max(pastMs, otherPastMs);
      for (const { sequence, number, said } of otherMarks)
        marks.set(sequence, mergedMark(marks.get(sequence), { number, said: new Map(said) }));
      await store.write(() => {
        for (const saying of others) {
          if (once.get(saying.slot) !== undefined) continue;
          once.put(saying.slot, withUntil(saying));
          untils.put(untilKey(saying.untilMs, saying.slot), present);
        }
        for (const [sequence, mark] of marks) sequences.put(sequence, markBytes(mark));
        keepPosition();
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      start();
      await writing;
      await store.close();
      anchor.note(position(), true);
      anchor.close();
    },
  };
}

/** Whether the keys have signed more than a store knows, or the store stands where no anchor says how far it had come. */
function isOlder(
  before: z.infer<typeof positionSchema> | undefined,
  anchored: GuardPosition | undefined,
): boolean {
  if (anchored === undefined) return before !== undefined && before.count > 0;
  if (before === undefined) return anchored.count > 0;
  return (
    (before.token !== anchored.token && before.previous !== anchored.token) || before.count < anchored.count
  );
}

function olderCopy(directory: string): MoeError {
  return new MoeError(
    'guard-older-copy',
    `The keys of this data directory have signed more than ${directory} knows: it is a copy, or was moved here without the note of its progress. Going on could contradict what was signed, which costs half of a stake. Go on where it last ran, or accept the risk, once: --accept-older-copy.`,
    { metadata: { directory } },
  );
}

const positionSchema = z.strictObject({
  token: z.string().max(32),
  /** What the anchor said at this opening: it says so still when the process ends before the anchor is written. */
  previous: z.string().max(32),
  count: z.int().min(0),
  pastMs: z.int().min(0),
});

const markSchema = z.strictObject({
  number: z.int().min(0),
  said: z.array(z.tuple([z.string().max(512), hashSchema])),
});

function markIn(bytes: Uint8Array): SequenceMark {
  const { number, said } = decode(new Uint8Array(bytes), markSchema);
  return { number, said: new Map<string, Hash>(said) };
}

function markBytes({ number, said }: SequenceMark): Buffer {
  return Buffer.from(encode({ number, said: [...said] }));
}

function nameOf(saying: Saying): string {
  return 'untilMs' in saying ? `once ${saying.slot}` : `sequence ${saying.sequence}`;
}
