import { type AccountId, type Hash, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { type Ledger, memoryLog, openLedger } from '@market-of-experts/ledger';
import {
  defaultNetworkRules,
  defaultTerms,
  type MarketParameters,
  type NetworkRules,
  signConsent,
  signTransaction,
} from '@market-of-experts/protocol';
import { type Encode, wordEncode } from './encoders.ts';
import type { TestKeys } from './test-keys.ts';
import { testVersion } from './test-version.ts';

const networkName = 'ledger-market';
const prepaidMicro = 1_000_000n;

export interface RegisteredLedgerInit {
  readonly keys: TestKeys;
  readonly market: MarketId;
  readonly parameters: MarketParameters;
  readonly rules: Partial<NetworkRules>;
  readonly nowMs: number;
  /** Names of validators, each with the root of its list of tickets. */
  readonly validators: readonly { readonly name: string; readonly ticketRoot: Hash }[];
  /** Those that no role of ours plays: they are there from the beginning. */
  readonly isStranger: (name: string) => boolean;
  readonly experts: number;
  /** Of the n-th expert's vectors for service; default the market's. */
  readonly dimensionsOf?: ((index: number) => number | undefined) | undefined;
  /** Roles with an account that has money, besides those of the market. */
  readonly funded: readonly string[];
}

/** A ledger in memory with one market, whose members are registered and whose clients have prepaid. */
export interface RegisteredLedger {
  readonly ledger: Ledger;
  readonly experts: readonly NodeId[];
  readonly clients: readonly AccountId[];
  close(): Promise<void>;
}

/** What the n-th expert answers with: each knows something else, and the first the most. */
export function encodeOf(index: number, { dimensions }: MarketParameters): Encode {
  return wordEncode(dimensions, `expert-${index}`, 0.5 + index / 5);
}

export async function registeredLedger(init: RegisteredLedgerInit): Promise<RegisteredLedger> {
  const { keys, market, parameters } = init;
  const ledger = await foundedLedger(init);
  for (const { name, ticketRoot } of init.validators) {
    const owner = keys.ownerOf('validator-owner');
    await ledger.transact(owner, {
      kind: 'registerValidator',
      node: keys.nodeOf(name),
      name,
      stakeMicro: 1_000n,
      consent: signConsent(keys.keysOf(name), networkName, owner.address),
      ticketRoot,
    });
    if (init.isStranger(name)) await ledger.transact(keys.keysOf(name), { kind: 'heartbeat', call: 0 });
  }
  const experts = Array.from({ length: init.experts }, (_, index) => keys.nodeOf(`expert-${index}`));
  for (const [index, node] of experts.entries()) {
    const owner = keys.ownerOf('expert-owner');
    await ledger.transact(owner, {
      kind: 'registerExpert',
      market,
      node,
      name: `expert-${index}`,
      stakeMicro: 1_000_000n,
      depositMicro: 0n,
      askMicroPerKilobyte: 1_000n,
      askBps: 5_000,
      version: testVersion(node, init.dimensionsOf?.(index) ?? parameters.dimensions).version,
      consent: signConsent(keys.keysOf(`expert-${index}`), networkName, owner.address),
    });
  }
  const gateway = keys.nodeOf('gateway');
  for (const role of clientRoles)
    await ledger.transact(keys.ownerOf(role), { kind: 'lock', market, gateway, amountMicro: prepaidMicro });
  return {
    ledger,
    experts,
    clients: clientRoles.map(keys.accountOf),
    async close() {
      await ledger.close();
    },
  };
}

const clientRoles = ['client-0', 'client-1'];

function foundedLedger(init: RegisteredLedgerInit): Promise<Ledger> {
  const { keys, market, parameters } = init;
  const treasury = keys.ownerOf('treasury');
  const funded = ['expert-owner', 'validator-owner', ...clientRoles, ...init.funded];
  return openLedger({
    log: memoryLog(),
    network: networkName,
    genesis: signTransaction(treasury, {
      kind: 'genesis',
      network: networkName,
      from: treasury.address,
      nonce: 0,
      atMs: init.nowMs,
      rules: { ...defaultNetworkRules, ...init.rules },
      minValidatorStakeMicro: 100n,
      balances: funded.map((role) => ({ account: keys.accountOf(role), amountMicro: 100_000_000n })),
      markets: [
        {
          market,
          owner: keys.accountOf('market-owner'),
          terms: defaultTerms(
            { ...parameters, minimumStakeMicro: 100n },
            hashOf('ledger-market/base-encoder', 0),
          ),
        },
      ],
    }),
  });
}
