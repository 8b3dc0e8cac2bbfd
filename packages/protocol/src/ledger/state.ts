import {
  type AccountId,
  type Amount,
  accountIdSchema,
  amountSchema,
  hashSchema,
  jobIdSchema,
  type MarketId,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
} from '@moe/core';
import { z } from 'zod';
import { calibrationSchema, nameSchema, networkIdSchema } from './transaction.ts';

const countSchema = z.int().min(0);

const networkRecordSchema = z.strictObject({
  network: networkIdSchema,
  /** The account that may deposit. */
  treasury: accountIdSchema,
  minValidatorStakeMicro: amountSchema,
  /** Everything that genesis and deposits ever credited: what {@link totalMicro} must give. */
  supplyMicro: amountSchema,
  validatorStakeMicro: amountSchema,
  validatorCount: countSchema,
  marketCount: countSchema,
});
const accountSchema = z.strictObject({
  balanceMicro: amountSchema,
  /** Number that the account's next transaction must carry. */
  nonce: countSchema,
});
const prepaidSchema = z.strictObject({
  gateway: nodeIdSchema,
  lockedMicro: amountSchema,
  /** First order of this client in this market that is not settled yet. */
  nextOrderSeq: countSchema,
});
const expertSchema = z.strictObject({
  market: marketIdSchema,
  node: nodeIdSchema,
  owner: accountIdSchema,
  name: nameSchema,
  stakeMicro: amountSchema,
  askMicroPerKilobyte: amountSchema,
  askBps: countSchema,
  calibration: calibrationSchema.exactOptional(),
});
const validatorSchema = z.strictObject({
  node: nodeIdSchema,
  owner: accountIdSchema,
  name: nameSchema,
  stakeMicro: amountSchema,
  ticketRoot: hashSchema.exactOptional(),
});
const marketSchema = z.strictObject({
  market: marketIdSchema,
  owner: accountIdSchema,
  feeBps: countSchema,
  minExpertStakeMicro: amountSchema,
  expertCount: countSchema,
  /** Slashed stake and shares of fees that were set aside for rewards. */
  poolMicro: amountSchema,
  /** Number that the market's next settlement must carry. */
  nextBatch: countSchema,
  settledOrders: countSchema,
  settledMicro: z.bigint().or(z.int()).transform(BigInt),
});

/** That an expert was punished for what it said in a job: once for each job. */
const equivocationSchema = z.strictObject({
  market: marketIdSchema,
  node: nodeIdSchema,
  job: jobIdSchema,
  amountMicro: amountSchema,
});

export type NetworkRecord = Readonly<z.infer<typeof networkRecordSchema>>;
export type Account = Readonly<z.infer<typeof accountSchema>>;
/** Money of one client that is locked for one gateway of one market. */
export type Prepaid = Readonly<z.infer<typeof prepaidSchema>>;
export type Expert = Readonly<z.infer<typeof expertSchema>>;
export type Validator = Readonly<z.infer<typeof validatorSchema>>;
export type Market = Readonly<z.infer<typeof marketSchema>>;
export type EquivocationRecord = Readonly<z.infer<typeof equivocationSchema>>;

interface Records {
  readonly network: NetworkRecord;
  readonly accounts: Account;
  readonly prepaid: Prepaid;
  readonly experts: Expert;
  readonly validators: Validator;
  readonly markets: Market;
  readonly equivocations: EquivocationRecord;
}
export type TableName = keyof Records;

/** Schemas of the records of each table, for what reads a state back from outside. */
export const recordSchemas: { readonly [Name in TableName]: z.ZodType<Records[Name]> } = {
  network: networkRecordSchema,
  accounts: accountSchema,
  prepaid: prepaidSchema,
  experts: expertSchema,
  validators: validatorSchema,
  markets: marketSchema,
  equivocations: equivocationSchema,
};
export const tableNames = Object.keys(recordSchemas) as readonly TableName[];

/** What the rules need of a table. Records are never changed in place, only replaced. */
export interface Table<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): unknown;
  delete(key: string): unknown;
}
/** A state as the rules see it: a {@link LedgerState} or a draft on top of one. */
export type LedgerView = { readonly [Name in TableName]: Table<Records[Name]> };
/** Everything that the log says, folded. Keys: `network`, account, `account/market`, `market/node`, node, market, `market/node/job`. */
export type LedgerState = { readonly [Name in TableName]: Map<string, Records[Name]> };

export function emptyState(): LedgerState {
  return {
    network: new Map(),
    accounts: new Map(),
    prepaid: new Map(),
    experts: new Map(),
    validators: new Map(),
    markets: new Map(),
    equivocations: new Map(),
  };
}

export function prepaidKey(account: AccountId, market: MarketId): string {
  return `${account}/${market}`;
}

export function expertKey(market: MarketId, node: NodeId): string {
  return `${market}/${node}`;
}

export function accountOf(view: LedgerView, id: AccountId): Account {
  return view.accounts.get(id) ?? { balanceMicro: 0n, nonce: 0 };
}

/**
 * Σ balances + locked money + stakes + pools, counted afresh. Only genesis and deposits may change it, so it
 * always equals the network record's `supplyMicro`.
 */
export function totalMicro(state: LedgerState): Amount {
  let total = 0n;
  for (const account of state.accounts.values()) total += account.balanceMicro;
  for (const prepaid of state.prepaid.values()) total += prepaid.lockedMicro;
  for (const expert of state.experts.values()) total += expert.stakeMicro;
  for (const validator of state.validators.values()) total += validator.stakeMicro;
  for (const market of state.markets.values()) total += market.poolMicro;
  return total;
}
