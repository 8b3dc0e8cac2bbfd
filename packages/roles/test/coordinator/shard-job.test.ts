import { getEventListeners } from 'node:events';
import { decode, encode, type Hash, MoeError, type NodeId, signBody } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import type { Transport } from '@market-of-experts/network';
import {
  type CertifiedMember,
  type Commit,
  certificateDomain,
  commitDomain,
  defaultParameters,
  type MarketParameters,
  type Reveal,
  signedForm,
  signReveal,
} from '@market-of-experts/protocol';
import { type Encode, encoderBackend } from '@market-of-experts/testing/encoders';
import { type Script, scriptedExpert } from '@market-of-experts/testing/scripted-expert';
import {
  type SmallMarket,
  smallExams,
  smallMarket,
  smallParameters,
} from '@market-of-experts/testing/small-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, describe, expect, it } from 'vitest';
import type { ShardOutcome } from '../../src/coordinator/shard-job.ts';
import {
  arrivalsResponseSchema,
  arrivedMessageSchema,
  arrivedNoticeSchema,
  protocols,
  sealedRequestSchema,
} from '../../src/messages/protocols.ts';

let market: SmallMarket;
afterEach(() => market.close());

const never = new Promise<never>(() => undefined);
const dimensions = smallParameters.dimensions;
const text = textAbout(1_000);
const memberOf = ({ certificate }: ShardOutcome, index: number): CertifiedMember =>
  certificate.body.members.find(({ principal }) => principal === market.experts[index]!.node)!;
const outcomesOf = ({ certificate }: ShardOutcome): string[] =>
  market.experts.map(
    ({ node }) => certificate.body.members.find(({ principal }) => principal === node)!.outcome,
  );
/** The last member lost the fee, or its part of it. */
const expectLostFee = (outcome: ShardOutcome, seats: bigint): void => {
  const { feeMicro } = outcome.certificate.body.data[0]!;
  expect(memberOf(outcome, 2).slashMicro).toBe((feeMicro + seats - 1n) / seats);
};
const slashBps = (member: CertifiedMember): number => Number(member.slashMicro / 100_000n);

/** Three experts, all drawn; the third is what the test makes of it. */
const trio = (backend: (encode: Encode) => ExpertBackend): SmallMarket =>
  smallMarket({
    experts: 3,
    backend: (index, encode) =>
      index === 2 ? backend(encode) : encoderBackend(`expert-${index}`, dimensions, encode),
  });
const trioWith = (script: Script): SmallMarket => {
  const made = smallMarket({ experts: 3, strangers: [2] });
  scriptedExpert(made, 2, script);
  return made;
};
const five: MarketParameters = {
  ...defaultParameters,
  dimensions,
  ...smallExams,
  places: smallParameters.places,
};

describe('a shard job', () => {
  it('certifies: everyone scored, one paid member wins the fee, nothing left waiting', async () => {
    market = smallMarket({ newcomers: 2 });
    const { certificate } = await market.runJob({ text });
    const { members, data } = certificate.body;
    const { winner, feeMicro } = data[0]!;
    expect(members.map(({ outcome }) => outcome)).toEqual(new Array(5).fill('scored'));
    expect(members.filter(({ onProbation }) => onProbation)).toHaveLength(2);
    expect(members.find(({ principal }) => principal === winner)?.onProbation).toBe(false);
    expect(feeMicro).toBeGreaterThan(0n);
    expect(market.clock.waiting()).toBe(0);
  });

  it('with three witnesses and two tickets too', async () => {
    market = smallMarket({ parameters: five, experts: 8, validators: 5 });
    const { certificate, transcript } = await market.runJob({ text });
    expect(transcript.tickets).toHaveLength(2);
    expect(certificate.signatures.length).toBeGreaterThanOrEqual(2);
    expect(certificate.body.members.every(({ outcome }) => outcome === 'scored')).toBe(true);
  });

  it('many at once do not disturb each other', async () => {
    market = smallMarket();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => market.runJob({ text: textAbout(2_000 + index) })),
    );
    expect(new Set(outcomes.map(({ certificate }) => certificate.body.job)).size).toBe(20);
    for (const { certificate } of outcomes)
      expect(certificate.body.members.every(({ outcome }) => outcome === 'scored')).toBe(true);
  });

  it('is finished although the validators note it only when they are asked again', async () => {
    market = smallMarket({ parameters: five, experts: 8, validators: 5 });
    const { transport } = market.coordinator;
    const { request } = transport;
    let asked = 0;
    (transport as { request: Transport['request'] }).request = async (to, protocol, ...rest) => {
      // All of the first round, and all but two of the second.
      if (protocol === protocols.note) asked += 1;
      if (protocol === protocols.note && asked <= 8) throw new MoeError('handler-failed', 'Not now.');
      return request.call(transport, to, protocol, ...rest);
    };
    const { certificate } = await market.runJob({ text });
    expect(asked).toBeGreaterThan(8);
    expect(certificate.body.members.every(({ outcome }) => outcome === 'scored')).toBe(true);
  });

  it('has witnesses that tell what was sealed also after they have noted it', async () => {
    market = smallMarket();
    const { transport } = market.coordinator;
    const { request } = transport;
    let asked: Uint8Array | undefined;
    // Witnesses know of the seals from the note alone.
    for (const { transport: own } of market.experts)
      (own as { notify: Transport['notify'] }).notify = () => undefined;
    (transport as { request: Transport['request'] }).request = (to, protocol, bytes, options) => {
      if (protocol === protocols.sealed) asked ??= bytes;
      return request.call(transport, to, protocol, bytes, options);
    };
    const { certificate, transcript } = await market.runJob({ text });
    const { first: _, assignment: __, ...opening } = decode(asked!, sealedRequestSchema);
    const question = encode({
      job: certificate.body.job,
      stage: 'sealed',
      opening: encode(opening),
      asked: asked!,
    });
    const options = { timeoutMs: 5_000 };
    const witness = certificate.signatures[0]!.by;
    const answer = await transport.request(witness, protocols.arrivals, question, options);
    const { messages } = decode(answer, arrivalsResponseSchema);
    const commits = messages.map((message) => arrivedMessageSchema.parse(message));
    expect(commits).toHaveLength(transcript.commits.length);
  });

  it('refuses a text too short to mask, with a sentence', async () => {
    market = smallMarket();
    await expect(market.runJob({ text: 'only a few words' })).rejects.toThrow(/fewer than 12 words/);
  });
});

describe('an expert that fails', () => {
  it('hangs in the first stage: late, and two are enough for the others', async () => {
    market = trio((encode) => ({ ...encoderBackend('hangs', dimensions, encode), embed: () => never }));
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'late']);
    expectLostFee(outcome, 3n);
    expect(outcome.certificate.body.data[0]!.winner).not.toBeNull();
  });

  it('hangs in the second stage: late', async () => {
    market = trio((encode) => ({
      ...encoderBackend('hangs', dimensions, encode),
      embed: (texts) => (texts.length > 1 ? never : Promise.resolve(texts.map(encode))),
    }));
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'late']);
  });

  it('one of five hangs: the cut does not wait for the deadline', async () => {
    market = smallMarket({
      parameters: five,
      experts: 5,
      validators: 3,
      backend: (index, encode) => ({
        ...encoderBackend(`expert-${index}`, dimensions, encode),
        ...(index === 4 ? { embed: () => never } : {}),
      }),
    });
    const startMs = market.clock.nowMs();
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'scored', 'scored', 'late']);
    expect(market.clock.nowMs() - startMs).toBeLessThan(five.sealedDeadlineMs);
  });

  it('two of three hang: no quorum, nobody is charged', async () => {
    market = smallMarket({
      experts: 3,
      backend: (index, encode) => ({
        ...encoderBackend(`expert-${index}`, dimensions, encode),
        ...(index > 0 ? { embed: () => never } : {}),
      }),
    });
    await expect(market.runJob({ text })).rejects.toMatchObject({ code: 'no-quorum', isRetryable: true });
  });

  it('is gone: late, the others go on', async () => {
    market = smallMarket({ experts: 3 });
    await market.experts[2]!.transport.close();
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
  });

  it('goes away after its first seal: late', async () => {
    market = trio((encode) => ({
      ...encoderBackend('leaves', dimensions, encode),
      embed: async (texts) => {
        if (texts.length > 1) await market.experts[2]!.transport.close();
        return texts.map(encode);
      },
    }));
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
  });

  const wrongVectors: [string, (vector: Float32Array) => Float32Array][] = [
    ['NaN', (vector) => vector.fill(Number.NaN)],
    ['infinity', (vector) => vector.fill(Number.POSITIVE_INFINITY)],
    ['too few dimensions', (vector) => vector.subarray(1)],
    ['too many dimensions', (vector) => new Float32Array(vector.length + 1)],
    ['a vector of length 3', (vector) => vector.map((value) => 3 * value)],
    ['components within 1 but not of unit length', (vector) => vector.fill(1)],
  ];
  it.each(wrongVectors)('has a model that answers %s: declines in time, unpunished', async (_, spoil) => {
    market = trio((encode) => encoderBackend('spoilt', dimensions, (each) => spoil(encode(each).slice())));
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'declined']);
    expect(memberOf(outcome, 2).slashMicro).toBe(0n);
  });
  it.each(wrongVectors)('answers %s to the full data only: late', async (_, spoil) => {
    market = trio((encode) => ({
      ...encoderBackend('spoilt', dimensions, encode),
      embed: async (texts) =>
        texts.map((each) =>
          texts.length > smallExams.batchTexts ? spoil(encode(each).slice()) : encode(each),
        ),
    }));
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
  });

  it('answers with fewer vectors than texts: late', async () => {
    market = trio((encode) => ({
      ...encoderBackend('short', dimensions, encode),
      embed: async (texts) => texts.slice(0, Math.max(smallExams.batchTexts, texts.length - 1)).map(encode),
    }));
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
  });
});

describe('an expert that cheats', () => {
  it.each<[string, (honest: Reveal, body: Omit<Reveal, 'signature'>) => Reveal]>([
    [
      'another kept part',
      (_, body) =>
        signReveal(keys(), { ...body, first: [new Uint8Array(2 * dimensions), ...body.first.slice(1)] }),
    ],
    [
      'another piece',
      (_, body) =>
        signReveal(keys(), {
          ...body,
          second: [...body.second.slice(0, -1), new Uint8Array(2 * dimensions)],
        }),
    ],
    ['other pieces', (_, body) => signReveal(keys(), { ...body, second: body.second.toReversed() })],
    [
      'NaN',
      (_, body) => signReveal(keys(), { ...body, second: body.second.map((each) => each.map(() => 0xff)) }),
    ],
    ['five bytes', (_, body) => signReveal(keys(), { ...body, second: [new Uint8Array(5)] })],
  ])('lies about its commit (%s): 5 percent', async (_, reveal) => {
    market = trioWith({ reveal });
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'wrong-reveal']);
    expect(slashBps(memberOf(outcome, 2))).toBe(500);
  });
  const keys = () => market.experts[2]!.keys;

  it('does not reveal: the whole fee when the witness has nothing either', async () => {
    market = trioWith({ reveal: () => never });
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'no-reveal']);
    expectLostFee(outcome, 1n);
  });

  it('cannot excuse itself with a forged message to the witness', async () => {
    market = trioWith({ reveal: (honest) => ({ ...honest, signature: new Uint8Array(64) }) });
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'no-reveal']);
  });

  it('copies another’s commit: the author is inside the seal, so it cannot be opened', async () => {
    let copied: Commit | undefined;
    market = smallMarket({ experts: 3, strangers: [1, 2] });
    scriptedExpert(market, 1, {
      sealed: (honest) => {
        copied = honest;
        return honest;
      },
    });
    let revealed: Reveal | undefined;
    let tell = (): void => undefined;
    const isRevealed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    scriptedExpert(market, 2, {
      sealed: async (_, body) => {
        while (copied === undefined) await market.clock.sleep(1);
        return signBody(keys(), commitDomain, { ...body, seal: copied.body.seal });
      },
      reveal: async (_, body) => {
        await isRevealed;
        return signReveal(keys(), { ...body, first: revealed!.first, firstSalt: revealed!.firstSalt });
      },
    });
    // The accomplice shows its vectors and salt as soon as it reveals them.
    scriptedReveal(market, 1, (reveal) => {
      revealed = reveal;
      tell();
    });
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'wrong-reveal']);
  });

  it('passes on another’s commit as it is: the other keeps it, the copier is late', async () => {
    let copied: Commit | undefined;
    market = smallMarket({ experts: 3, strangers: [1, 2] });
    scriptedExpert(market, 1, {
      sealed: (honest) => {
        copied = honest;
        return honest;
      },
    });
    scriptedExpert(market, 2, {
      sealed: async () => {
        while (copied === undefined) await market.clock.sleep(1);
        return copied;
      },
    });
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
  });

  it('commits to another job: as if it had not', async () => {
    let earlier: Commit | undefined;
    market = trioWith({
      sealed: (honest) => {
        const replayed = earlier ?? honest;
        earlier ??= honest;
        return replayed;
      },
    });
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'scored']);
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
  });

  it('commits twice, once to each: the coordinator’s stands', async () => {
    market = trioWith({
      told: (body) => signBody(keys(), commitDomain, { ...body, seal: body.job as string as Hash }),
    });
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'scored']);
  });

  it('signs with another key, or nothing at all: late', async () => {
    for (const sealed of [
      (honest: Commit) => ({ ...honest, signature: new Uint8Array(64) }),
      (_: Commit, body: Commit['body']) => signBody(market.client, commitDomain, body),
    ]) {
      market = trioWith({ sealed });
      expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
      await market.close();
    }
  });

  it('reveals in another’s name: the other is not framed', async () => {
    market = trioWith({
      reveal: (_, body) =>
        signReveal(keys(), { ...body, principal: market.experts[0]!.node, worker: market.experts[0]!.node }),
    });
    const outcome = await market.runJob({ text });
    expect(outcomesOf(outcome)).toEqual(['scored', 'scored', 'no-reveal']);
    expect(memberOf(outcome, 0).slashMicro).toBe(0n);
  });
});

/** Tells of the reveal that expert `index` sends its witnesses. */
function scriptedReveal(of: SmallMarket, index: number, heard: (reveal: Reveal) => void): void {
  const { transport } = of.experts[index]!;
  const notify = transport.notify.bind(transport);
  Object.assign(transport, {
    notify: (to: NodeId, protocol: string, bytes: Uint8Array) => {
      const notice = decode(bytes, arrivedNoticeSchema);
      if ('reveal' in notice.said) heard(notice.said.reveal);
      notify(to, protocol, bytes);
    },
  });
}

describe('the network', () => {
  it('may deliver everything twice and out of order: nobody is harmed', async () => {
    market = smallMarket({ newcomers: 1 });
    market.network.inject.duplication(1);
    market.network.inject.latency(20, 20);
    for (let index = 0; index < 15; index += 1) {
      const { certificate } = await market.runJob({ text: textAbout(3_000 + index) });
      expect(certificate.body.members.map(({ outcome }) => outcome)).toEqual(new Array(4).fill('scored'));
    }
  });

  it('may lose the answers to the coordinator only: the witness has copies', async () => {
    market = smallMarket({ experts: 3 });
    const { node } = market.experts[2]!;
    const ask = market.coordinator.transport;
    const request = ask.request.bind(ask);
    Object.assign(ask, {
      request: async (...args: Parameters<typeof request>) => {
        const answer = await request(...args);
        return args[0] === node && !args[1].includes('reveal') ? never : answer;
      },
    });
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'scored']);
  });

  it('may cut an expert off: late, the others are scored', async () => {
    market = smallMarket({ experts: 3 });
    market.network.inject.partition([[market.experts[2]!.node]]);
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'late']);
    market.network.inject.heal();
    expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'scored']);
  });

  it('may cut the witness off: no certificate, an error in words', async () => {
    market = smallMarket({ experts: 3 });
    const ask = market.coordinator.transport;
    const request = ask.request.bind(ask);
    Object.assign(ask, {
      request: (...args: Parameters<typeof request>) =>
        args[1].includes('certify') ? Promise.reject(new Error('lost')) : request(...args),
    });
    await expect(market.runJob({ text })).rejects.toThrow(/Too few witnesses/);
  });
});

describe('a client that goes away', () => {
  it.each(['ticket', 'sealed', 'full', 'note', 'reveal', 'certify'])(
    'in the stage %s frees everything',
    async (stage) => {
      market = smallMarket({ experts: 3 });
      market.network.inject.latency(5);
      const controller = new AbortController();
      const ask = market.coordinator.transport;
      const request = ask.request.bind(ask);
      Object.assign(ask, {
        request: (...args: Parameters<typeof request>) => {
          const answer = request(...args);
          if (args[1].includes(stage)) controller.abort(new Error('client gone'));
          return answer;
        },
      });
      const job = market.runJob({ text, signal: controller.signal });
      // Where experts have begun with the whole it is certified and paid, whoever leaves then.
      if (stage === 'ticket' || stage === 'sealed') await expect(job).rejects.toBeDefined();
      else expect((await job).certificate.body.data[0]!.winner).not.toBeNull();
      expect(controller.signal.aborted).toBe(true);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      while (market.clock.waiting() > 0) await market.clock.sleep(1);
      Object.assign(ask, { request });
      market.network.inject.latency(0);
      expect(outcomesOf(await market.runJob({ text }))).toEqual(['scored', 'scored', 'scored']);
    },
  );
});

it('a certificate of another job is not taken for this one', async () => {
  market = smallMarket({ experts: 3 });
  const first = await market.runJob({ text });
  const witness = market.validators[0]!;
  const ask = market.coordinator.transport;
  const request = ask.request.bind(ask);
  Object.assign(ask, {
    request: async (...args: Parameters<typeof request>) => {
      if (!args[1].includes('certify')) return request(...args);
      const { body } = first.certificate;
      return encode({
        body,
        signature: signBody(witness.keys, certificateDomain, signedForm(body)).signature,
      });
    },
  });
  await expect(market.runJob({ text })).rejects.toThrow(/Too few witnesses/);
});
