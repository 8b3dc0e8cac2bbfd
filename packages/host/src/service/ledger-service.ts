import type { LedgerService, TransactionPreview } from '@market-of-experts/api/ledger-service';
import { isMoeError, type SenderId } from '@market-of-experts/core';
import type { Ledger, LedgerTables } from '@market-of-experts/ledger';
import { editionName, type RecordChange, warningsOfDestination } from '@market-of-experts/protocol';
import { accountFacts } from '../ledger-facts/account-facts.ts';
import { attendanceFacts } from '../ledger-facts/attendance.ts';
import { metagraph, weightsInForce } from '../ledger-facts/metagraph.ts';
import { transactionSummary } from '../ledger-facts/transaction-summary.ts';

/** The ledger in this process. */
export function ledgerService(ledger: Ledger): LedgerService {
  return {
    height: () => ledger.height(),
    network: () => {
      const { network, epoch, epochStartedMs, rules, beacon, treasury, ...settings } = ledger.settings();
      const { supplyMicro, mintedMicro, burntMicro, minValidatorStakeMicro, validatorStakeMicro } = settings;
      return {
        network,
        epoch,
        epochStartedMs,
        epochEndsMs: epochStartedMs + rules.epochMs,
        rules,
        beacon,
        treasury,
        supplyMicro,
        mintedMicro,
        burntMicro,
        minValidatorStakeMicro,
        validatorStakeMicro,
        attendance: attendanceFacts(ledger.tables()),
        height: ledger.height(),
        stateRoot: ledger.stateRoot(),
      };
    },
    account: (id) => accountFacts(ledger.tables(), id),
    nextNonce: (sender) => ledger.tables().accounts.get(sender)?.nonce ?? 0,
    markets: () => ledger.markets(),
    market: (id) => ledger.market(id),
    experts: (market) => ledger.experts(market),
    editions: (market) =>
      ledger.editions(market).map(({ market: _, edition, ...record }) => ({
        name: editionName({ market, number: record.number }),
        record: Buffer.from(edition).toString('base64'),
        ...record,
      })),
    validators: () => ledger.validators(),
    weights: (market) => weightsInForce(ledger.tables(), market),
    metagraph: (market) => metagraph(ledger.tables(), market),
    quote: (id) => {
      const market = ledger.market(id);
      if (market === undefined) return undefined;
      const { registrationMicro, expertCount, terms } = market;
      return {
        market: id,
        epoch: ledger.settings().epoch,
        registrationMicro,
        minimumStakeMicro: terms.parameters.minimumStakeMicro,
        expertCount,
        maximumExperts: terms.maximumExperts,
      };
    },
    preview: async (transaction): Promise<TransactionPreview> => {
      try {
        const { outcome, changes } = await ledger.preview(transaction);
        const height = ledger.height();
        if (!outcome.applied) return refusal(outcome.code, outcome.message, height);
        const records = ledger.tables();
        return {
          outcome: { applied: true },
          changes,
          costMicro: costOf(transaction.from, changes),
          ...transactionSummary(records, transaction, changes),
          warnings:
            transaction.kind === 'transfer'
              ? warningsOfDestination(transaction.from, transaction.to, nodesIn(records))
              : [],
          height,
        };
      } catch (error) {
        if (isMoeError(error, 'invalid-signature'))
          return refusal('invalid-signature', error.message, ledger.height());
        throw error;
      }
    },
    submit: async (signed) => {
      const { index } = await ledger.submit(signed);
      return { index, height: ledger.height() };
    },
  };
}

function refusal(
  code: Extract<TransactionPreview['outcome'], { readonly applied: false }>['code'],
  message: string,
  height: number,
): TransactionPreview {
  const nothing = { changes: [], costMicro: 0n, headline: message, summary: [message], warnings: [] };
  return { outcome: { applied: false, code, message }, ...nothing, height };
}

function* nodesIn({ experts, validators, prepaid }: LedgerTables): Iterable<string> {
  for (const { node } of experts.values()) yield node;
  for (const { node } of validators.values()) yield node;
  for (const { gateway } of prepaid.values()) yield gateway;
}

function costOf(sender: SenderId, changes: readonly RecordChange[]): bigint {
  for (const change of changes)
    if (change.table === 'accounts' && change.key === sender)
      return (change.before?.balanceMicro ?? 0n) - (change.after?.balanceMicro ?? 0n);
  return 0n;
}
