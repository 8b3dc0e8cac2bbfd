import { isMoeError, type SenderId } from '@moe/core';
import type { Ledger } from '@moe/ledger';
import type { RecordChange } from '@moe/protocol';
import { accountFacts } from '../ledger-facts/account-facts.ts';
import { metagraph, weightsInForce } from '../ledger-facts/metagraph.ts';
import { transactionSummary } from '../ledger-facts/transaction-summary.ts';
import type { LedgerService, TransactionPreview } from '../ledger-service.ts';

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
        height: ledger.height(),
        stateRoot: ledger.stateRoot(),
      };
    },
    account: (id) => accountFacts(ledger.records(), id),
    nextNonce: (sender) => ledger.records().accounts.get(sender)?.nonce ?? 0,
    markets: () => ledger.markets(),
    market: (id) => ledger.market(id),
    experts: (market) => ledger.experts(market),
    validators: () => ledger.validators(),
    weights: (market) => weightsInForce(ledger.records(), market),
    metagraph: (market) => metagraph(ledger.records(), market),
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
        if (!outcome.applied) return refusal(outcome.code, outcome.message);
        return {
          outcome: { applied: true },
          changes,
          costMicro: costOf(transaction.from, changes),
          summary: transactionSummary(ledger.records(), transaction, changes),
        };
      } catch (error) {
        if (isMoeError(error, 'invalid-signature')) return refusal('invalid-signature', error.message);
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
): TransactionPreview {
  return { outcome: { applied: false, code, message }, changes: [], costMicro: 0n, summary: [message] };
}

function costOf(sender: SenderId, changes: readonly RecordChange[]): bigint {
  for (const change of changes)
    if (change.table === 'accounts' && change.key === sender)
      return (change.before?.balanceMicro ?? 0n) - (change.after?.balanceMicro ?? 0n);
  return 0n;
}
