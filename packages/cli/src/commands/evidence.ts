import { isMoeError } from '@market-of-experts/core';
import { findingOf, transactionFromJson } from '@market-of-experts/protocol';
import type { Command } from 'commander';
import { connectLedger } from '../connection/connect.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { carryOut } from '../ledger/carry-out.ts';
import type { OwnerAction } from '../ledger/describe-action.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { addSigningOptions, type SigningOptions, signingHelp } from './signing-options.ts';

/** As much as the market's HTTP takes. */
const maxBytes = 1_000_000;

export function addEvidence(program: Command): void {
  addSigningOptions(
    program
      .command('evidence')
      .description('Report provable misbehaviour: a part of what it costs the owner of the node is yours.')
      .argument('<file>', 'JSON file with the proof')
      .requiredOption('--market <id>', 'market in which it happened'),
  )
    .addHelpText(
      'after',
      `${signingHelp}

A proof is signed by whom it accuses, and checked by doing the work again. Its kinds: \`statements\` (two claims, grants,
refusals or seals of one expert that exclude one another), \`certificates\` (two of one job by one witness), \`settlements\` (two of
one number by one validator), \`settlement\` (one that does not pay what its detail says). The order must be one that its
client has prepaid. You get a share of what the node's owner loses; a node is punished once in an unbonding.
The form is that of the field \`proof\` of an \`evidence\` transaction: see docs/reference/http-api.md.

Examples:
  $ moe evidence proof.json --market text-embedding --dry-run   # whether it proves anything, and what it brings
  $ moe evidence proof.json --market text-embedding --from alice`,
    )
    .action(async (file: string, flags: SigningOptions & { market: string }) => {
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const { network } = await client.network();
      const action = readProof(readSmallFile(file, maxBytes), file, flags.market, network, owner.account);
      if (findingOf(action.proof, action.market, network) === undefined)
        throw usageError(
          `${file} proves nothing in "${flags.market}": all of it can be true, or it happened elsewhere.`,
        );
      await carryOut(client, owner, { action }, flags);
    });
}

type Evidence = Extract<OwnerAction, { readonly kind: 'evidence' }>;

function readProof(text: string, file: string, market: string, network: string, from: string): Evidence {
  let proof: unknown;
  try {
    proof = JSON.parse(text);
  } catch {
    throw usageError(`${file} is no JSON.`);
  }
  try {
    const transaction = transactionFromJson({ kind: 'evidence', network, from, nonce: 0, market, proof });
    return {
      kind: 'evidence',
      market: (transaction as Evidence).market,
      proof: (transaction as Evidence).proof,
    };
  } catch (error) {
    if (isMoeError(error)) throw usageError(`${file} is no proof: ${error.message}`);
    throw error;
  }
}
