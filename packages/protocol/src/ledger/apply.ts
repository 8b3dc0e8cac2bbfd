import { accountIdSchema, type NodeId, nodeIdSchema, type SenderId } from '@market-of-experts/core';
import { applyLock, applyUnlock } from './accounts/prepaid.ts';
import { applyDeposit, applyTransfer } from './accounts/transfers.ts';
import { applyPublishEdition } from './editions/publish-edition.ts';
import { applyPublishShares } from './editions/publish-shares.ts';
import { applyEndEpoch } from './epochs/epoch.ts';
import { applyCommitWeights, applyRevealWeights } from './epochs/weights.ts';
import { applyEvidence } from './evidence/evidence.ts';
import { applyGenesis } from './genesis.ts';
import {
  applyCloseMarket,
  applyCreateMarket,
  applyFundMarket,
  applyUpdateMarket,
} from './markets/markets.ts';
import { applySetModelVersion } from './registration/model-versions.ts';
import {
  applyDeregister,
  applyRegisterExpert,
  applyRegisterValidator,
  applyUpdateExpert,
  applyUpdateValidator,
} from './registration/nodes.ts';
import { applySettle } from './settlement/settlement.ts';
import { applyRotate } from './staking/rotation.ts';
import {
  applyDelegate,
  applyRedelegate,
  applySetCommission,
  applyStake,
  applyUndelegate,
  applyUnstake,
} from './staking/staking.ts';
import { accountOf, expertKey, type StateView } from './state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from './transaction/outcome.ts';
import type { Transaction } from './transaction/transaction.ts';
import { applyHeartbeat, applyRollCall } from './validators/attendance.ts';

/**
 * The ledger's state transition: pure, deterministic, all or nothing. The caller has checked that the value
 * fits `transactionSchema`, that `from` signed it, and that its `innerSignatures` hold; whether the signers
 * had the authority is checked here.
 */
export function applyTransaction(view: StateView, tx: Transaction): Applied | Refused {
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
  if (isNodeId(tx.from) && !mayReport(view, tx))
    return refused(
      'not-authorised',
      `Node ${tx.from} is not registered here: only registered nodes report work.`,
    );
  return finish(view, tx, applyKind(view, tx));
}

/** Nodes have a nonce and no money; strangers have not even that, so that they cannot fill the ledger. */
function mayReport(view: StateView, tx: Transaction): boolean {
  const node = tx.from as NodeId;
  if (view.validators.get(node) !== undefined) return true;
  return tx.kind === 'evidence' && view.experts.get(expertKey(tx.market, node)) !== undefined;
}

function isNodeId(sender: SenderId): sender is NodeId {
  return nodeIdSchema.safeParse(sender).success && !accountIdSchema.safeParse(sender).success;
}

function applyKind(view: StateView, tx: Transaction): Applied | Refused {
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
    case 'delegate':
      return applyDelegate(view, tx);
    case 'undelegate':
      return applyUndelegate(view, tx);
    case 'redelegate':
      return applyRedelegate(view, tx);
    case 'setCommission':
      return applySetCommission(view, tx);
    case 'rotate':
      return applyRotate(view, tx);
    case 'createMarket':
      return applyCreateMarket(view, tx);
    case 'updateMarket':
      return applyUpdateMarket(view, tx);
    case 'closeMarket':
      return applyCloseMarket(view, tx);
    case 'fundMarket':
      return applyFundMarket(view, tx);
    case 'publishEdition':
      return applyPublishEdition(view, tx);
    case 'publishShares':
      return applyPublishShares(view, tx);
    case 'commitWeights':
      return applyCommitWeights(view, tx);
    case 'revealWeights':
      return applyRevealWeights(view, tx);
    case 'rollCall':
      return applyRollCall(view, tx);
    case 'heartbeat':
      return applyHeartbeat(view, tx);
    case 'endEpoch':
      return applyEndEpoch(view, tx);
    case 'registerExpert':
      return applyRegisterExpert(view, tx);
    case 'updateExpert':
      return applyUpdateExpert(view, tx);
    case 'setModelVersion':
      return applySetModelVersion(view, tx);
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

function finish(view: StateView, tx: Transaction, outcome: Applied | Refused): Applied | Refused {
  if (!outcome.applied) return outcome;
  const account = accountOf(view, tx.from);
  view.accounts.set(tx.from, { balanceMicro: account.balanceMicro, nonce: account.nonce + 1 });
  return APPLIED;
}
