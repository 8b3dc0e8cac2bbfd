import type { AccountId } from '@market-of-experts/core';
import { type Refused, refused } from '../transaction/outcome.ts';

const ZERO = `0x${'0'.repeat(40)}`;
/** No key is known for them, and none ever will be: people send there what they want to be gone. */
const burnt: ReadonlySet<string> = new Set([
  `0x${'0'.repeat(36)}dead`,
  `0x${'dead'.repeat(10)}`,
  `0x${'e'.repeat(40)}`,
  `0x${'f'.repeat(40)}`,
]);
/** Elsewhere these are parts of the machine (precompiles) and not accounts. */
const lowest = `0x${'0'.repeat(36)}`;

/** Why somebody should look twice before money goes to an account. */
export interface DestinationWarning {
  readonly code: 'no-key' | 'own-account' | 'node-key';
  readonly message: string;
}

/** What can never be right: the zero address is what programs write where an address is missing. */
export function problemOfDestination(to: AccountId): Refused | undefined {
  return to === ZERO
    ? refused('invalid-destination', 'Nobody can have the key of the zero address: what goes there is lost.')
    : undefined;
}

/** What is hardly ever meant, from the address alone. `nodes` are ids that a piece of could have been copied from. */
export function warningsOfDestination(
  from: string,
  to: AccountId,
  nodes: Iterable<string> = [],
): readonly DestinationWarning[] {
  const warnings: DestinationWarning[] = [];
  if (to === from)
    warnings.push({ code: 'own-account', message: 'The money goes to the account that it comes from.' });
  if (burnt.has(to) || to.startsWith(lowest))
    warnings.push({
      code: 'no-key',
      message: `As far as anybody knows nobody has the key of ${to}: what goes there is lost.`,
    });
  const digits = to.slice(2);
  for (const node of nodes)
    if (node.startsWith(digits) || node.endsWith(digits)) {
      warnings.push({
        code: 'node-key',
        message: `${to} is a piece of the key of node ${node.slice(0, 16)}…; a node holds no money. Send it to the node's owner.`,
      });
      break;
    }
  return warnings;
}
