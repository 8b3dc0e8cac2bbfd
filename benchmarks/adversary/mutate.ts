/** Changes messages as a stranger would who knows their form but holds only his own keys. */
import { decode, encode, type Signer, senderOf, signBody } from '@market-of-experts/core';
import { z } from 'zod';
import type { Uniform } from '../late/random.ts';

/** One bit, one byte, a shorter or a longer message. */
export function corrupted(bytes: Uint8Array, uniform: Uniform): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = Math.floor(uniform() * copy.length);
  const how = uniform();
  if (how < 0.6) copy[at] = copy[at]! ^ (1 << Math.floor(uniform() * 8));
  else if (how < 0.8) return copy.subarray(0, at);
  else if (how < 0.9) return Uint8Array.from([...copy, ...copy.subarray(at)]);
  else copy[at] = 0xff;
  return copy;
}

/** Strings, numbers and bytes of a message, taken together over many: what others say fits where it is expected. */
export interface Vocabulary {
  learn(bytes: Uint8Array): void;
  /** The message with some of its values replaced by others of their kind. Undefined where it cannot be read. */
  vary(bytes: Uint8Array, uniform: Uniform): unknown;
}

const maxWords = 2_000;
const changeRate = 0.08;

export function vocabulary(): Vocabulary {
  const strings = new Map<number, string[]>();
  const numbers: number[] = [0, 1, 2 ** 31, 2 ** 53 - 1];
  const keep = <Word>(words: Word[], word: Word): void => {
    words.push(word);
    if (words.length > maxWords) words.shift();
  };
  const collect = (value: unknown): void => {
    if (typeof value === 'string') {
      const same = strings.get(value.length) ?? [];
      strings.set(value.length, same);
      keep(same, value);
    } else if (typeof value === 'number') keep(numbers, value);
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
      for (const part of Object.values(value)) collect(part);
  };
  const one = <Word>(words: readonly Word[], uniform: Uniform): Word =>
    words[Math.floor(uniform() * words.length)]!;
  const change = (value: unknown, uniform: Uniform): unknown => {
    const isChanged = uniform() < changeRate;
    if (typeof value === 'string')
      return isChanged ? one(strings.get(value.length) ?? [value], uniform) : value;
    if (typeof value === 'number') {
      if (!isChanged) return value;
      return uniform() < 0.5 ? one(numbers, uniform) : value + Math.floor(uniform() * 5) - 2;
    }
    if (typeof value === 'bigint')
      return isChanged ? value + BigInt(Math.floor(uniform() * 1_000)) - 500n : value;
    if (value instanceof Uint8Array) return isChanged && value.length > 0 ? corrupted(value, uniform) : value;
    if (Array.isArray(value)) {
      const changed = value.map((part) => change(part, uniform));
      if (!isChanged || changed.length === 0) return changed;
      return uniform() < 0.5 ? changed.slice(1) : [...changed, one(changed, uniform)];
    }
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, change(part, uniform)]));
    return value;
  };
  return {
    learn(bytes) {
      try {
        collect(decode(bytes, z.unknown()));
      } catch {
        // Nothing to be learnt from what is no message.
      }
    },
    vary(bytes, uniform) {
      try {
        return change(decode(bytes, z.unknown()), uniform);
      } catch {
        return undefined;
      }
    },
  };
}

/** Signs everything in it that `keys` may sign: what names its author names this one, and is valid. */
export function signedAgain(
  value: unknown,
  keys: Signer,
  domainOf: (body: object) => string | undefined,
): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((part) => signedAgain(part, keys, domainOf));
  const fields = Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, signedAgain(part, keys, domainOf)]),
  );
  const { body, by } = fields as { body?: Record<string, unknown>; by?: string };
  const domain = typeof body === 'object' && body !== null ? domainOf(body) : undefined;
  if (domain === undefined || by === undefined) return fields;
  const self = senderOf(keys);
  if (by.length !== self.length) return fields;
  const own = Object.fromEntries(
    Object.entries(body!).map(([name, part]) => [name, part === by ? self : part]),
  );
  return signBody(keys, domain, own);
}

/** The bytes of a message, or undefined where a changed value fits no encoding. */
export function encodedOrNothing(value: unknown): Uint8Array | undefined {
  try {
    return encode(value);
  } catch {
    return undefined;
  }
}
