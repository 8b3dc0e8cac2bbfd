import { applyEvidence } from './evidence.ts';
import { applyDeposit, applyGenesis, applyLock, applyTransfer, applyUnlock } from './money.ts';
import {
  applyDeregister,
  applyRegisterExpert,
  applyRegisterValidator,
  applyStake,
  applyUnstake,
  applyUpdateExpert,
  applyUpdateValidator,
} from './nodes.ts';
import { APPLIED, type Applied, type Refused, refused } from './outcome.ts';
import { applySettle } from './settlement.ts';
import { accountOf, type LedgerView } from './state.ts';
import type { Transaction } from './transaction.ts';

/**
 * The ledger's state transition: pure, deterministic, all or nothing. The caller has checked that the value
 * fits `transactionSchema`, that `from` signed it, and that its `innerSignatures` hold; whether the signers
 * had the authority is checked here.
 */
export function applyTransaction(view: LedgerView, tx: Transaction): Applied | Refused {
  const network = view.network.get('network');
  if (network === undefined)
    return tx.kind === 'genesis'
      ? finish(view, tx, applyGenesis(view, tx))
      : refused('invalid-genesis', 'The first transaction of a ledger must be its genesis.');
  if (tx.network !== network.network)
    return refused(
      'wrong-network',
      `The transaction is for network "${tx.network}"; this is "${network.network}".`,
    );
  const nonce = accountOf(view, tx.from).nonce;
  if (tx.nonce !== nonce)
    return refused(
      'wrong-nonce',
      `The next transaction of account ${tx.from} has nonce ${nonce}, not ${tx.nonce}.`,
    );
  return finish(view, tx, applyKind(view, tx));
}

function applyKind(view: LedgerView, tx: Transaction): Applied | Refused {
  switch (tx.kind) {
    case 'genesis':
      return refused('invalid-genesis', 'The ledger has its genesis already.');
    case 'deposit':
      return applyDeposit(view, tx);
    case 'transfer':
      return applyTransfer(view, tx);
    case 'lock':
      return applyLock(view, tx);
    case 'unlock':
      return applyUnlock(view, tx);
    case 'stake':
      return applyStake(view, tx);
    case 'unstake':
      return applyUnstake(view, tx);
    case 'registerExpert':
      return applyRegisterExpert(view, tx);
    case 'updateExpert':
      return applyUpdateExpert(view, tx);
    case 'registerValidator':
      return applyRegisterValidator(view, tx);
    case 'updateValidator':
      return applyUpdateValidator(view, tx);
    case 'deregister':
      return applyDeregister(view, tx);
    case 'evidence':
      return applyEvidence(view, tx);
    case 'settle':
      return applySettle(view, tx);
  }
}

function finish(view: LedgerView, tx: Transaction, outcome: Applied | Refused): Applied | Refused {
  if (!outcome.applied) return outcome;
  const account = accountOf(view, tx.from);
  view.accounts.set(tx.from, { balanceMicro: account.balanceMicro, nonce: account.nonce + 1 });
  return APPLIED;
}
