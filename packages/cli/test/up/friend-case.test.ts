import { stripVTControlCharacters } from 'node:util';
import type { MarketEvent } from '@market-of-experts/api/events';
import type { JobSummary } from '@market-of-experts/api/jobs';
import type { ShownText } from '@market-of-experts/api/shown-text';
import { MoeError } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { expect, it } from 'vitest';
import { type FriendSearch, friendCase } from '../../src/up/friend-case.ts';
import type { UpLog } from '../../src/up/log.ts';

const meanLoss: Record<string, number> = { weak: 0.4, strong: 0.1, middling: 0.2, other: 0.3 };
const friendOf = (name: string) => ({ id: name, name, askBps: 4_000 });
type Members = JobSummary['members'];

/** A market whose jobs come out as scripted; the last of the script is repeated. */
function scriptedMarket(
  script: readonly (Members | Error)[],
  serving = 4,
): {
  market: EmbeddedMarket;
  asked: () => number;
} {
  const listeners = new Set<(event: MarketEvent) => void>();
  let asked = 0;
  let exams = 0;
  const service = {
    status: () => ({
      experts: Object.entries(meanLoss).map(([name, loss], index) => ({
        id: name,
        name,
        meanLoss: loss,
        state: index < serving ? 'serving' : 'probation',
      })),
    }),
    subscribe(listener: (event: MarketEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const examine = async (texts: readonly string[], signal: AbortSignal): Promise<void> => {
    exams += 1;
    for (const _ of texts) await examineOne(signal);
  };
  const examineOne = async (signal: AbortSignal): Promise<void> => {
    // A turn of the event loop, as a real job takes many: timers must run.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const members = script[Math.min(asked, script.length - 1)]!;
    asked += 1;
    if (members instanceof Error) throw members;
    const job: JobSummary = {
      receiptId: `receipt-${asked}`,
      atMs: 0,
      mode: 'shard',
      kind: 'house',
      outcome: 'certified',
      preview: 'a text' as ShownText,
      members,
      winner: members[0]!.id,
      feeMicro: 1_000n,
      durationMs: 1,
    };
    for (const listener of listeners) listener({ type: 'job-certified', job });
  };
  return {
    market: { service, examine, houseAccount: 'house' } as unknown as EmbeddedMarket,
    asked: () => exams,
  };
}

async function told(market: EmbeddedMarket, search: FriendSearch, signal = new AbortController().signal) {
  const lines: string[] = [];
  const events: Record<string, unknown>[] = [];
  const log: UpLog = {
    say(line, event) {
      lines.push(stripVTControlCharacters(line));
      if (event !== undefined) events.push(event);
    },
    job: () => {},
    background: () => {},
    stop: () => {},
  };
  await friendCase(market, log, signal, search);
  return { text: lines.join('\n'), events };
}

const alone: Members = [{ id: 'strong', name: 'strong', loss: 0.1, probation: false }];
const byFriend = (name: string, friend: string): Members => [
  { id: name, name, loss: 0.125, probation: false, friend: friendOf(friend) },
  { id: 'other', name: 'other', loss: 0.05, probation: false },
  { id: 'third', name: 'third', loss: 0.5, probation: false, friend: friendOf('middling') },
];
const generous: FriendSearch = { jobs: 40, timeMs: 600_000 };

it('shows the first job that a weak expert won by calling a strong one, and how the fee was split', async () => {
  const { market, asked } = scriptedMarket([
    alone,
    byFriend('strong', 'middling'),
    byFriend('weak', 'strong'),
  ]);
  const { text, events } = await told(market, generous);
  expect(asked()).toBe(1);
  expect(text).toMatch(
    /★\s+weak → strong\s.*0\.125\s+strong worked and won \(earlier jobs count too\), for 40 %/,
  );
  expect(text).toMatch(/third → middling\s.*middling worked, for 40 % if it had won/);
  expect(text).toContain(
    'weak (mean loss so far 0.400) was drawn and called strong (mean loss so far 0.100), who was not.',
  );
  expect(text).toContain(
    'The fee of 0.001 cr: the market keeps 0.00002; of the rest strong gets 40 %, 0.000392 cr, for the work, and weak 0.000588 cr for having called it.',
  );
  expect(text).toContain('moe receipt receipt-3 --verify');
  expect(events).toMatchObject([{ event: 'tour', textKind: 'calling a friend', jobs: 3, calls: 4 }]);
});

it('is content with another friend who won when the jobs are spent', async () => {
  const { market, asked } = scriptedMarket([byFriend('strong', 'middling'), alone]);
  const { text } = await told(market, { ...generous, jobs: 5 });
  expect(asked()).toBe(1);
  expect(text).toContain('★  strong → middling');
});

it('says plainly that nobody has won so yet', async () => {
  const lost = byFriend('weak', 'strong').toReversed();
  const { market } = scriptedMarket([lost.map(({ friend: _, ...member }) => member), alone]);
  const { text, events } = await told(market, { ...generous, jobs: 6 });
  expect(text).toContain('In 6 jobs friends were called 0 times, and none of them has won yet.');
  expect(events).toMatchObject([{ event: 'tour', jobs: 6, calls: 0 }]);
});

it('asks for no jobs where everybody who serves is drawn', async () => {
  const { market, asked } = scriptedMarket([alone], 3);
  const { text } = await told(market, generous);
  expect(asked()).toBe(0);
  expect(text).toContain('Here 3 experts serve and 3 are drawn for a job, so nobody is left to be called.');
});

it('ends when its time is up', async () => {
  const { market } = scriptedMarket([alone]);
  const { text } = await told(market, { jobs: Number.POSITIVE_INFINITY, timeMs: 1 });
  expect(text).toContain('none of them has won yet');
});

it('ends without complaint when the house has spent its money, and passes other errors on', async () => {
  const poor = scriptedMarket([byFriend('strong', 'middling'), new MoeError('insufficient-funds', 'Empty.')]);
  expect((await told(poor.market, generous)).text).toContain('★  strong → middling');
  const broken = scriptedMarket([new MoeError('no-quorum', 'Nobody came.')]);
  await expect(told(broken.market, generous)).rejects.toMatchObject({ code: 'no-quorum' });
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(told(scriptedMarket([alone]).market, generous, stopped)).rejects.toThrow('stopped');
});
