import type { AccountId, Clock, KeyPair, MarketId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import type { OrderBody } from '@market-of-experts/protocol';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import { type Attendant, attendRollCalls } from './attendance.ts';
import { type ClaimBook, type ClaimStore, claimBook } from './claim-book.ts';
import { serveEpochEnds } from './epoch-witness.ts';
import { type SettleOverdueInit, settleOverdue } from './settle-overdue.ts';
import {
  type ValidatorComponents,
  type ValidatorInit,
  type ValidatorRole,
  validatorRole,
} from './validator-role.ts';

export interface LedgerValidatorInit extends ValidatorInit {
  readonly market: MarketId;
}

export interface LedgerValidatorComponents
  extends Omit<ValidatorComponents, 'claims'>,
    Pick<SettleOverdueInit, 'ledger' | 'notes' | 'keepBatch' | 'onWarning'> {
  /** Where certified jobs that nobody has settled outlive the process. */
  readonly claimStore: ClaimStore;
}

export interface LedgerValidator extends ValidatorRole {
  /** What it keeps of certified jobs that nobody has settled. */
  readonly claims: ClaimBook;
}

/** A validator in one market of a ledger: besides its role it keeps certified work, and settles it where the gateway does not. */
export function ledgerValidator(
  init: LedgerValidatorInit,
): (components: LedgerValidatorComponents) => LedgerValidator {
  return (components) => {
    const { market, signer } = init;
    const { ledger, clock } = components;
    const isOpen = ({ client, clientSeq, coordinator }: OrderBody): boolean => {
      const prepaid = ledger.prepaid(client, market);
      return prepaid?.gateway === coordinator && clientSeq >= prepaid.nextOrderSeq;
    };
    const nextOrderSeq = (client: AccountId): number => ledger.nextOrderSeq(client, market);
    const claims = claimBook({ clock, store: components.claimStore, isOpen });
    const standIn = settleOverdue({ ...components, market, signer, claims });
    const role = validatorRole(init)({ ...components, claims: standIn.claims });
    const unsubscribe = ledger.onApplied(({ transaction }) => {
      if (transaction.kind !== 'settle' || transaction.settlement.market !== market) return;
      for (const { client } of transaction.settlement.orders) claims.settled(client, nextOrderSeq(client));
    });
    return {
      id: role.id,
      claims,
      async close() {
        unsubscribe();
        await Promise.all([standIn.close(), role.close()]);
      },
    };
  };
}

/** What a validator does for the ledger, whatever markets it is in: says that it is there, and when an epoch is over. */
export function ledgerDuties(init: {
  readonly keys: KeyPair;
  readonly signer: GuardedSigner;
}): (components: {
  readonly transport: Transport;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
}) => Attendant {
  return ({ transport, ledger, clock, onWarning }) => {
    serveEpochEnds(init.signer, transport, ledger, clock);
    return attendRollCalls({ keys: init.keys, ledger, onWarning });
  };
}
