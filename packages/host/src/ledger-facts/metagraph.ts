import type { Metagraph, MetagraphNode, WeightsInForce } from '@market-of-experts/api/ledger-facts';
import { distinctNames, type MarketId, type NodeId } from '@market-of-experts/core';
import type { LedgerTables } from '@market-of-experts/ledger';
import type { Expert, Ranking, StakeTarget, Validator } from '@market-of-experts/protocol';
import { attendanceOf, targetKey } from '@market-of-experts/protocol';

const WHOLE = 65_535;
/** A row before it is known who else is shown beside it. */
type Unshown = Omit<MetagraphNode, 'shownAs'>;

/** Everybody in a market with what its last ranking came to. Undefined where there is no such market. */
export function metagraph(records: LedgerTables, market: MarketId): Metagraph | undefined {
  if (!records.markets.has(market)) return undefined;
  const { epoch } = records.network.get('network')!;
  const ranking = records.rankings.get(market);
  const experts = rowsOf(records, ranking?.experts ?? [], (node) => ({ role: 'expert', market, node }));
  const validators = rowsOf(records, ranking?.validators ?? [], (node) => ({ role: 'validator', node }));
  const shownExperts = shownIn(records.experts.values(), market);
  const shownValidators = shownIn(records.validators.values());
  return {
    market,
    epoch,
    rankedEpoch: ranking?.epoch ?? 0,
    emittedMicro: ranking?.emittedMicro ?? 0n,
    ownerMicro: ranking?.ownerMicro ?? 0n,
    nodes: [
      ...[...records.experts.values()]
        .filter((expert) => expert.market === market)
        .map((expert) => ({
          ...expertNode(expert, experts.get(expert.node), epoch),
          shownAs: shownExperts.get(expert.node)!,
        }))
        .sort((a, b) => b.incentive - a.incentive || order(a.name, b.name)),
      ...[...records.validators.values()]
        .map((validator) => ({
          ...validatorNode(validator, validators.get(validator.node), ranking),
          shownAs: shownValidators.get(validator.node)!,
        }))
        .sort((a, b) => Number(b.stakeMicro - a.stakeMicro) || order(a.name, b.name)),
    ],
  };
}

/** Weights as they were last revealed, with names. */
export function weightsInForce(records: LedgerTables, market: MarketId): WeightsInForce | undefined {
  if (!records.markets.has(market)) return undefined;
  const shownExperts = shownIn(records.experts.values(), market);
  const shownValidators = shownIn(records.validators.values());
  const nameOf = (validator: NodeId): string => shownValidators.get(validator) ?? validator.slice(0, 8);
  const expertName = (node: NodeId): string => {
    const target: StakeTarget = { role: 'expert', market, node };
    return shownExperts.get(presentNode(records, target)) ?? node.slice(0, 8);
  };
  return {
    epoch: records.network.get('network')!.epoch,
    rows: [...records.weights.values()]
      .filter((row) => row.market === market)
      .map(({ validator, epoch, values }) => ({
        validator,
        name: nameOf(validator),
        epoch,
        weights: values.map(([node, weight]) => ({ node, name: expertName(node), weight })),
      }))
      .sort((a, b) => order(a.name, b.name)),
    promised: [
      ...new Set(
        [...records.weightCommits.values()]
          .filter((commit) => commit.market === market)
          .map(({ validator }) => nameOf(validator)),
      ),
    ].sort(order),
  };
}

/** Names as they are shown, of all validators or of a market's experts. */
function shownIn(nodes: Iterable<Expert | Validator>, market?: MarketId): ReadonlyMap<NodeId, string> {
  return distinctNames(
    [...nodes]
      .filter((node) => market === undefined || ('market' in node && node.market === market))
      .map(({ node, name }) => [node, name] as const),
  );
}

function expertNode(expert: Expert, row: Ranking['experts'][number] | undefined, epoch: number): Unshown {
  return {
    ...common(expert),
    role: 'expert',
    rank: share(row?.rank),
    trust: share(row?.trust),
    consensus: share(row?.consensus),
    incentive: share(row?.incentive),
    emissionMicro: row?.emissionMicro ?? 0n,
    active: expert.leavesAtEpoch === undefined,
    immune: epoch < expert.immuneUntilEpoch,
  };
}

function validatorNode(
  validator: Validator,
  row: Ranking['validators'][number] | undefined,
  ranking: Ranking | undefined,
): Unshown {
  const attendance = attendanceOf(validator);
  const isServing = attendance !== 'leaving';
  const permits = ranking?.permits ?? [];
  return {
    ...common(validator),
    state: attendance === 'present' ? 'serving' : attendance,
    role: 'validator',
    dividends: share(row?.dividends),
    validatorTrust: share(row?.validatorTrust),
    emissionMicro: row?.emissionMicro ?? 0n,
    // Where the last ranking gave no permits, every validator may set weights.
    permit: isServing && (permits.length === 0 || permits.includes(validator.node)),
    active: isServing && (row?.activeStake ?? 0) > 0,
  };
}

function common({
  node,
  name,
  owner,
  stakeMicro,
  delegatedMicro,
  registeredEpoch,
  leavesAtEpoch,
}: Expert | Validator): Omit<Unshown, 'role'> {
  return {
    node,
    name,
    owner,
    stakeMicro,
    delegatedMicro,
    rank: 0,
    trust: 0,
    consensus: 0,
    incentive: 0,
    dividends: 0,
    validatorTrust: 0,
    emissionMicro: 0n,
    permit: false,
    active: false,
    state: leavesAtEpoch === undefined ? 'serving' : 'leaving',
    registeredEpoch,
    immune: false,
  };
}

/** A ranking's rows under the keys that nodes have now. */
function rowsOf<Row extends { readonly node: NodeId }>(
  records: LedgerTables,
  rows: readonly Row[],
  targetOf: (node: NodeId) => StakeTarget,
): ReadonlyMap<NodeId, Row> {
  return new Map(rows.map((row) => [presentNode(records, targetOf(row.node)), row]));
}

function presentNode(records: LedgerTables, target: StakeTarget): NodeId {
  return records.rotations.get(targetKey(target))?.next ?? target.node;
}

function share(parts: number | undefined): number {
  return (parts ?? 0) / WHOLE;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
