import type { ServedText } from '@market-of-experts/api/market-service';
import { decode, encode, hashOf, type KeyPair, type NodeId } from '@market-of-experts/core';
import type { ModelVersion, StatementListBody } from '@market-of-experts/protocol';
import { encoderBackend, wordEncode } from '@market-of-experts/testing/encoders';
import {
  type LedgerMarket,
  type LedgerMarketInit,
  ledgerMarket,
} from '@market-of-experts/testing/ledger-market';
import { testVersion } from '@market-of-experts/testing/test-version';
import { afterEach, describe, expect, it } from 'vitest';
import type { TextRequest } from '../../../src/coordinator/text-request.ts';
import { protocols, routeResponseSchema } from '../../../src/messages/protocols.ts';
import { type RouteResponse as Response, resigned, textsOf } from './resigned.ts';

const dimensions = 24;
let market: LedgerMarket;
/** How much each expert's model invents: the same words have other vectors after it has changed. */
let noise = [0, 0, 0];
afterEach(() => {
  noise = [0, 0, 0];
  return market.close();
});
const own = (index: number) =>
  noise[index] === undefined
    ? undefined
    : encoderBackend(`own-${index}`, dimensions, wordEncode(dimensions, `own-${index}`, noise[index]));
const open = async (init: LedgerMarketInit = {}): Promise<void> => {
  market = await ledgerMarket({
    parts: [0, 1, 2],
    own,
    parameters: { auditBps: 0 },
    funded: ['reporter'],
    ...init,
  });
};
const embed = (text = 'a short text', changes: Partial<TextRequest> = {}): Promise<ServedText> =>
  market.coordinator.serve({
    account: market.clients[0]!,
    text,
    mode: 'auto',
    maxFeeMicro: undefined,
    kind: 'client',
    isTextPublic: false,
    signal: new AbortController().signal,
    ...changes,
  });
const finish = async (): Promise<void> => {
  await market.coordinator.close();
  await market.settler.close();
};
const workers = (): NodeId[] =>
  market.records.flatMap(({ proof }) => (proof.kind === 'tally' ? [proof.tally.worker.by as NodeId] : []));

/** Changes what the gateway gets from one expert when that serves. */
function tamper(
  index: number,
  change: (response: Response, texts: readonly string[]) => Response | Promise<Response>,
): void {
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  gateway.request = async (to, asked, message, ...rest) => {
    const answer = await request(to, asked, message, ...rest);
    if (asked !== protocols.route || to !== market.experts[index]) return answer;
    const texts = textsOf(message);
    return encode(await change(decode(answer, routeResponseSchema), texts));
  };
}

const signedAgain = (
  response: Response,
  texts: readonly string[],
  changes: Partial<StatementListBody>,
  keys?: KeyPair,
): Response => resigned(market, 1, response, texts, changes, keys);

describe('an answer is taken only as a statement', () => {
  it('resigned as it was, it is taken: the liars below differ in one thing each', async () => {
    await open();
    tamper(1, (response, texts) => signedAgain(response, texts, {}));
    expect((await embed()).missing).toEqual([]);
    await finish();
  });

  const other = hashOf('test/other', 0);
  it.each<[string, (response: Response, texts: readonly string[]) => Response]>([
    ['is not signed', ({ vectors }) => ({ vectors })],
    [
      'has another vector than was signed',
      ({ vectors, statements }) => ({
        vectors: vectors.map((vector) => new Uint8Array(vector.length)),
        statements,
      }),
    ],
    [
      'has a text key of its own',
      (response) => ({ ...response, statements: { ...response.statements!, textKey: other } }),
    ],
    ['is signed for another text', (response) => signedAgain(response, ['another text'], {})],
    [
      'is signed with another node’s key',
      (response, texts) => signedAgain(response, texts, {}, market.keysOf('expert-2')),
    ],
    [
      'is signed as another node',
      (response, texts) => signedAgain(response, texts, { node: market.experts[2]! }),
    ],
    ['is of another market', (response, texts) => signedAgain(response, texts, { market: 'other' as never })],
    ['is of another network', (response, texts) => signedAgain(response, texts, { network: 'other' })],
    ['names another version', (response, texts) => signedAgain(response, texts, { version: other })],
    [
      'is dated ahead',
      (response, texts) => signedAgain(response, texts, { epoch: market.ledger.settings().epoch + 1 }),
    ],
    ['is of a longer list', (response, texts) => signedAgain(response, texts, { size: 2 })],
    ['is short of a vector', ({ statements }) => ({ vectors: [], statements })],
  ])('not where it %s: the part is missing, and not paid', async (_, change) => {
    await open();
    tamper(1, change);
    expect((await embed()).missing).toEqual([market.experts[1]]);
    await finish();
    expect(new Set(workers())).toEqual(new Set([market.experts[0], market.experts[2]]));
  });

  it('not where another expert’s list is replayed', async () => {
    await open();
    let theirs: Response | undefined;
    tamper(0, (response) => {
      theirs = response;
      return response;
    });
    tamper(1, async (response) => {
      while (theirs === undefined) await Promise.resolve();
      return { ...theirs, statements: { ...theirs.statements!, version: response.statements!.version } };
    });
    tamper(2, async () => theirs!);
    expect((await embed()).missing).toEqual([market.experts[1], market.experts[2]]);
    await finish();
  });

  it.each([
    [4, true],
    [3, false],
    [6, false],
  ])('in epoch 5, one of epoch %i is taken: %s', async (epoch, isTaken) => {
    await open();
    const settings = { ...market.ledger.settings(), epoch: 5 };
    Object.assign(market.ledger, { settings: () => settings });
    tamper(1, (response, texts) => signedAgain(response, texts, { epoch }));
    expect((await embed()).missing).toEqual(isTaken ? [] : [market.experts[1]]);
    await finish();
  });

  it('not under the version before, nor of another model than the edition names', async () => {
    await open();
    expect((await embed()).missing).toEqual([]);
    const set = (version: ModelVersion) =>
      market.ledger.transact(market.ownerOf('expert-owner'), {
        kind: 'setModelVersion',
        market: market.market,
        node: market.experts[1]!,
        version,
      });
    const { version } = testVersion(market.experts[1]!, dimensions, 1);
    await set(version);
    expect((await embed()).missing).toEqual([market.experts[1]]);
    await set({
      ...testVersion(market.experts[1]!, dimensions, 2).version,
      model: hashOf('test/other-model', 0),
    });
    expect((await embed()).missing).toEqual([market.experts[1]]);
    await finish();
  });
});

describe('an expert that serves a text again', () => {
  it('says the same, whatever its model says by now', async () => {
    let drift = 0;
    const drifting = {
      ...own(1)!,
      embed: async (texts: readonly string[]) => {
        drift += 1;
        return own(1)!
          .embed(texts)
          .then((vectors) =>
            vectors.map((vector) => vector.map((value, at) => (at === drift ? 0 : value * 0.9))),
          );
      },
    };
    await open({ own: (index) => (index === 1 ? drifting : own(index)) });
    const first = await embed();
    const again = await embed();
    expect(again.answer).toEqual(first.answer);
    expect(again.missing).toEqual([]);
    expect(drift).toBe(1);
    const both = await Promise.all([embed('new to it'), embed('new to it')]);
    expect(both[0]!.answer).toEqual(both[1]!.answer);
    await finish();
    expect(market.warnings).toEqual([]);
  });

  it('and contradicts itself is left out; the ledger punishes it where the text may be shown', async () => {
    await open();
    await embed('of the house', { isTextPublic: true });
    noise[1] = 0.5;
    await market.restartExpert(1);
    expect((await embed('never asked before')).missing).toEqual([]);
    const stakeMicro = () => market.ledger.expert(market.market, market.experts[1]!)!.stakeMicro;
    const before = stakeMicro();
    expect((await embed('of the house', { isTextPublic: true })).missing).toEqual([market.experts[1]]);
    // Other texts, too.
    expect((await embed('never asked before')).missing).toEqual([market.experts[1]]);
    expect(market.warnings).toEqual([expect.stringContaining('expert-1 answered one text with two vectors')]);
    const [found] = market.contradictions;
    expect(market.contradictions).toHaveLength(1);
    await market.ledger.transact(market.ownerOf('reporter'), {
      kind: 'evidence',
      market: market.market,
      proof: { kind: 'contradiction', version: found!.version, statements: [...found!.statements] },
    });
    expect(stakeMicro()).toBeLessThan(before);
    // Under another version it begins anew.
    await market.ledger.transact(market.ownerOf('expert-owner'), {
      kind: 'setModelVersion',
      market: market.market,
      node: market.experts[1]!,
      version: testVersion(market.experts[1]!, dimensions, 1).version,
    });
    tamper(1, (response, texts) => {
      const { textKey, hash } = testVersion(market.experts[1]!, dimensions, 1);
      return signedAgain(
        { ...response, statements: { ...response.statements!, textKey, version: hash } },
        texts,
        {},
      );
    });
    expect((await embed('of the house')).missing).toEqual([]);
    await finish();
  });

  it('and contradicts itself in a client’s own text is left out, and nobody is shown the text', async () => {
    await open();
    await embed('of a client');
    noise[1] = 0.5;
    await market.restartExpert(1);
    // Now public, but the earlier statement was of somebody's own text.
    expect((await embed('of a client', { isTextPublic: true })).missing).toEqual([market.experts[1]]);
    expect(market.contradictions).toEqual([]);
    expect(market.warnings).toEqual([expect.stringContaining('nobody is shown it')]);
    await finish();
  });
});
