/** Requests of as many texts as the HTTP API takes, through a whole market. */

import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import { float32FromBytes } from '@market-of-experts/protocol';
import { soaked } from '@market-of-experts/testing/soak';
import {
  expert,
  founders,
  longText,
  openTestMarket,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId, partOf } from '../src/embedded-market.ts';

const documentedMaximum = 2_048;
/** More than messages and slots hold at once. */
const competing = soaked(400, documentedMaximum);
const directory = temporaryDirectory();
const warnings: string[] = [];
/** Texts of each call of the best expert's and of the others' models, while a test watches. */
let calls: { readonly name: string; readonly texts: readonly string[] }[] = [];
let onCall = (): void => {};
let failsOn = (_name: string, _text: string): boolean => false;
let market: EmbeddedMarket;

function watched({ name, backend }: (typeof founders)[number]): ExpertBackend {
  return {
    ...backend,
    async embed(texts, options) {
      calls.push({ name, texts });
      onCall();
      if (texts.some((text) => failsOn(name, text))) throw new Error('This text breaks the model.');
      return backend.embed(texts, options);
    },
  };
}

beforeAll(async () => {
  const specs = founders.map((each) => expert(each.name, watched(each)));
  market = await openTestMarket(directory.path, {
    founding: specs[0]!,
    others: specs.slice(1),
    parts: [partOf(specs[0]!), partOf(specs[2]!)],
    onWarning: (message) => warnings.push(message),
  });
});
afterAll(async () => {
  await market.close();
  directory.remove();
});

const short = (number: number): string => `short text ${number}`;
const embed = (texts: readonly string[], options: { mode?: 'shard' | 'auto'; signal?: AbortSignal } = {}) =>
  market.service.serve({ account: market.clientAccount, market: embeddedMarketId, texts, ...options });
const callsOf = (name: string) => calls.filter((call) => call.name === name);
const askedOf = (name: string) => callsOf(name).flatMap(({ texts }) => texts);
const reservedMicro = () => market.service.balance(market.clientAccount).reservedMicro;
const availableMicro = () => market.service.balance(market.clientAccount).availableMicro;
const nothingReserved = () => vi.waitFor(() => expect(reservedMicro()).toBe(0n));
it('2,048 short texts go to all parts of the edition, in few messages, and come back in order', async () => {
  calls = [];
  const texts = Array.from({ length: documentedMaximum }, (_, number) => short(number));
  const answers = await embed(texts);
  expect(new Set(calls.map(({ name }) => name))).toEqual(new Set(['words', 'grams']));
  for (const name of ['words', 'grams']) {
    expect(askedOf(name)).toEqual(texts);
    expect(callsOf(name).length).toBeLessThan(documentedMaximum / 16);
  }
  const words = await founders[0].backend.embed(texts);
  for (const [index, { answer, missing }] of answers.entries()) {
    expect(missing).toEqual([]);
    const part = float32FromBytes(answer).subarray(0, 384);
    expect(Math.abs(part[7]! - words[index]![7]! * Math.SQRT1_2)).toBeLessThan(1e-6);
  }
  expect(new Set(answers.map(({ receiptId }) => receiptId)).size).toBe(documentedMaximum);
  await nothingReserved();
  expect(warnings).toEqual([]);
});

it(`${competing} long ones are competed for, a few at a time; another client does not wait for their end`, async () => {
  const texts = Array.from({ length: competing }, (_, number) => longText(number));
  const before = market.service.status().jobs.certified;
  let isDone = false;
  const large = embed(texts, { mode: 'shard' }).finally(() => {
    isDone = true;
  });
  for (const mode of ['shard', 'auto'] as const) {
    const [answer] = await embed([`${longText(9_999)} In a request of its own.`], { mode });
    expect([answer!.isExamined, isDone]).toEqual([mode === 'shard', false]);
  }
  const answers = await large;
  expect(answers.every(({ isExamined }) => isExamined)).toBe(true);
  expect(new Set(answers.map(({ receiptId }) => receiptId)).size).toBe(competing);
  await nothingReserved();
  expect(market.service.status().jobs.certified - before).toBeGreaterThan(competing);
});

it('a text that breaks one expert lacks its part; those in the same message do not', async () => {
  failsOn = (name, text) => name === 'grams' && text.endsWith('poison');
  const texts = Array.from({ length: 300 }, (_, n) => (n === 150 ? 'a poison' : `healthy text ${n}`));
  const answers = await embed(texts);
  expect(answers.flatMap(({ missing }, index) => missing.map(() => index))).toEqual([150]);
  const { feeMicro } = answers[0]!;
  expect(answers[150]!.feeMicro).toBeLessThan(feeMicro);
  failsOn = () => false;
});

it('a request that one text ends costs only what is answered, and asking again gets that for nothing', async () => {
  failsOn = (_, text) => text.endsWith('poison');
  const texts = Array.from({ length: 300 }, (_, n) => (n === 290 ? 'all poison' : `kept text ${n}`));
  await expect(embed(texts)).rejects.toMatchObject({ code: 'no-quorum', isRetryable: true });
  await nothingReserved();
  failsOn = () => false;
  const before = availableMicro();
  calls = [];
  const answers = await embed(texts);
  await nothingReserved();
  const asked = calls.flatMap((call) => call.texts);
  expect(asked).toContain('all poison');
  // What was under way when the text failed was finished and is kept: only it and those behind it are asked.
  const askedOnce = new Set(asked);
  expect(askedOnce.size).toBeLessThanOrEqual(10);
  const paidMicro = [...askedOnce].reduce((sum, text) => sum + answers[texts.indexOf(text)]!.feeMicro, 0n);
  expect(before - availableMicro()).toBe(paidMicro);
  // They are handed out once: after that they are paid for again.
  const again = availableMicro();
  await embed(texts.slice(0, 3));
  await nothingReserved();
  expect(again - availableMicro()).toBeGreaterThan(0n);
});

it('a client that leaves stops what is under way; nothing stays set aside, and the next is served', async () => {
  for (const [mode, text] of [
    ['auto', (n: number) => `left text ${n}`],
    ['shard', (n: number) => `${longText(n)} And it is left.`],
  ] as const) {
    const controller = new AbortController();
    const texts = Array.from({ length: documentedMaximum }, (_, number) => text(number));
    calls = [];
    onCall = () => controller.abort(new MoeError('request-aborted', 'gone'));
    await expect(embed(texts, { mode, signal: controller.signal })).rejects.toMatchObject({
      code: 'request-aborted',
    });
    onCall = () => {};
    await nothingReserved();
    const begun = new Set(calls.flatMap((call) => call.texts));
    expect(begun.size).toBeLessThan(documentedMaximum);
    expect(await embed(['after that'])).toHaveLength(1);
  }
  await settled(market, 1);
});
