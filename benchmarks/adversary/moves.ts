/** What the adversary can do in one step. */
import { encode, type NodeId } from '@market-of-experts/core';
import {
  arrivalDomain,
  certificateDomain,
  claimDomain,
  commitDomain,
  cutDomain,
  declineDomain,
  grantDomain,
  orderDomain,
  refusalDomain,
  revealDomain,
  tallyDomain,
} from '@market-of-experts/protocol';
import { protocols } from '@market-of-experts/roles/messages/protocols';
import { textAbout } from '@market-of-experts/testing/text-about';
import type { CrookedExpert } from './crooked-expert.ts';
import type { CrookedGateway } from './crooked-job.ts';
import { corrupted, encodedOrNothing, signedAgain } from './mutate.ts';
import type { Heard } from './wiretap.ts';
import type { World } from './world.ts';

export interface Move {
  readonly name: string;
  /** How often, in proportion to the others. */
  readonly weight: number;
  /** May fail: most attacks do. */
  play(): Promise<unknown>;
}

const timeoutMs = 5_000;

export function menu(world: World, gateway: CrookedGateway, expert: CrookedExpert): readonly Move[] {
  const { market, uniform, wire, words, adversary, clock, honest } = world;
  const { ledger } = market;
  const one = <Value>(values: readonly Value[]): Value => values[Math.floor(uniform() * values.length)]!;
  const honestNodes = [...honest];
  const ownKeys = [adversary.expert, adversary.validator, adversary.gateway, adversary.stranger];
  const ownEnd = () => adversary.ends.get(one(ownKeys).publicKey as NodeId)!;
  const overheard = (): Heard | undefined => {
    const message = wire.heard.length === 0 ? undefined : one(wire.heard);
    return message?.kind === 'answer' ? undefined : message;
  };
  const send = (end: ReturnType<typeof ownEnd>, message: Heard, bytes: Uint8Array, to = message.to) =>
    message.kind === 'notice'
      ? Promise.resolve(end.notify(to, message.protocol, bytes))
      : end.request(to, message.protocol, bytes, { timeoutMs });
  const embed = (mode: 'shard' | 'auto', account = one(market.clients)) =>
    market.coordinator.serve({
      account,
      text: mode === 'shard' ? textAbout(Math.floor(uniform() * 1_000)) : 'a short one',
      mode,
      maxFeeMicro: undefined,
      kind: 'client',
      isTextPublic: false,
      signal: new AbortController().signal,
    });

  return [
    { name: 'honest job', weight: 3, play: () => embed('shard') },
    { name: 'honest routed text', weight: 3, play: () => embed('auto') },
    {
      name: 'repeat a message as it was',
      weight: 18,
      async play() {
        const message = overheard();
        const end = message && wire.end(message.from);
        if (message !== undefined && end !== undefined) await send(end, message, message.bytes);
      },
    },
    {
      name: 'say what another said',
      weight: 12,
      async play() {
        const message = overheard();
        if (message !== undefined) await send(ownEnd(), message, message.bytes);
      },
    },
    {
      name: 'corrupt a message',
      weight: 12,
      async play() {
        const message = overheard();
        if (message !== undefined) await send(ownEnd(), message, corrupted(message.bytes, uniform));
      },
    },
    {
      name: 'change a message and sign it again',
      weight: 20,
      async play() {
        const message = overheard();
        if (message === undefined) return;
        const varied = words.vary(message.bytes, uniform);
        const keys = one([...ownKeys, adversary.owner]);
        const bytes = encodedOrNothing(signedAgain(varied, keys, domainOf));
        const to = uniform() < 0.7 ? message.to : one(honestNodes);
        const speaker = 'publicKey' in keys ? adversary.ends.get(keys.publicKey as NodeId)! : ownEnd();
        if (bytes !== undefined) await send(speaker, message, bytes, to);
      },
    },
    {
      name: 'a job of his own',
      weight: 3,
      play: () => (gateway.open() < 32 ? gateway.runJob() : gateway.settle()),
    },
    { name: 'a settlement of his own', weight: 3, play: () => gateway.settle() },
    { name: 'call a friend', weight: 8, play: () => expert.claim() },
    {
      name: 'flood the witnesses',
      weight: 1,
      async play() {
        const notices = wire.heard.filter(({ kind }) => kind === 'notice');
        if (notices.length === 0) return;
        const end = ownEnd();
        for (let count = 0; count < 64; count += 1) {
          const varied = words.vary(one(notices).bytes, uniform);
          const bytes = encodedOrNothing(signedAgain(varied, one(ownKeys), domainOf));
          if (bytes !== undefined) end.notify(one(market.validators), protocols.arrived, bytes);
        }
      },
    },
    {
      name: 'end the epoch',
      weight: 2,
      play: () =>
        ownEnd().request(
          one(market.validators),
          protocols.epochEnd,
          encode({
            network: ledger.network,
            epoch: ledger.settings().epoch + Math.floor(uniform() * 3) - 1,
            atMs: clock.nowMs() + Math.floor((uniform() - 0.5) * 400_000),
          }),
          { timeoutMs },
        ),
    },
    {
      name: 'submit a transaction again',
      weight: 2,
      async play() {
        const [entry] = await ledger.entries(Math.floor(uniform() * ledger.height()), 1);
        if (entry !== undefined)
          await ledger.submit({ transaction: entry.transaction, signature: entry.signature } as never);
      },
    },
    {
      name: 'move money and stake',
      weight: 3,
      play: () =>
        ledger.transact(
          adversary.owner,
          one([
            { kind: 'transfer' as const, to: one(market.clients), amountMicro: 1n },
            {
              kind: 'stake' as const,
              target: {
                role: 'expert' as const,
                market: market.market,
                node: one([...market.experts]),
              },
              amountMicro: 1_000n,
            },
            {
              kind: 'delegate' as const,
              target: { role: 'validator' as const, node: one([...market.validators]) },
              amountMicro: 1_000_000n,
            },
            {
              kind: 'lock' as const,
              market: market.market,
              gateway: world.gateway,
              amountMicro: 1_000n,
            },
            { kind: 'unlock' as const, market: market.market, amountMicro: 1_000n },
          ]),
        ),
    },
    { name: 'let time pass', weight: 2, play: () => clock.sleep(uniform() * 30_000) },
  ];
}

/** The domain under which a body of this form is signed. */
function domainOf(body: object): string | undefined {
  if ('dataHash' in body) return orderDomain;
  if ('stage' in body) return 'seal' in body ? commitDomain : arrivalDomain;
  if ('askBps' in body) return grantDomain;
  if ('ttlMs' in body) return claimDomain;
  if ('heldBy' in body) return refusalDomain;
  if ('seals' in body) return cutDomain;
  if ('members' in body) return certificateDomain;
  if ('items' in body) return tallyDomain;
  if ('firstSalt' in body) return revealDomain;
  if ('reason' in body) return declineDomain;
  return undefined;
}
