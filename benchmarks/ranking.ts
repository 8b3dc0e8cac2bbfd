/**
 * `npm run bench -- ranking [--runs 9]`: one epoch of Yuma consensus, the way a market calls it (nodes, then
 * validators, in one space of uids; weights and bonds packed), with plain rows of pairs instead, as liquid Yuma 3, and
 * next to a naive epoch over full matrices of doubles, all in turns. Limit: 100 ms at 4,096 nodes × 256 validators.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type EpochInput, packRows, rankEpoch } from '@market-of-experts/protocol';
import { type DenseInput, denseEpoch } from './ranking/dense-epoch.ts';

const LIMIT_MS = 100;
const SIZES = [
  { nodes: 256, validators: 64 },
  { nodes: 1_024, validators: 128 },
  { nodes: 4_096, validators: 256 },
] as const;
/** Share of the nodes that each validator weights. */
const KINDS = { sparse: 0.1, dense: 1 } as const;

interface Row {
  readonly nodes: number;
  readonly validators: number;
  readonly kind: keyof typeof KINDS;
  readonly medianMs: number;
  /** The same with weights and bonds as lists of pairs, which have to be checked and packed first. */
  readonly plainRowsMedianMs: number;
  /** With the rate of bonds set for every edge: the dearest of the methods. */
  readonly liquidMedianMs: number;
  readonly naiveMedianMs: number;
}

export async function run({ args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<{
  readonly limitMs: number;
  readonly rows: readonly Row[];
}> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '9' } } });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 3)
    throw new Error('--runs takes a whole number from 3 on, for example 9.');

  console.log(
    `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, medians of ${runs} runs, load ${loadavg()[0]?.toFixed(1)}\n`,
  );
  console.log('nodes × validators  kind         epoch  plain rows  liquid Yuma 3  naive dense doubles');
  const rows: Row[] = [];
  for (const { nodes, validators } of SIZES)
    for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
      const row = { nodes, validators, kind, ...measure(nodes, validators, KINDS[kind], runs) };
      rows.push(row);
      const size = `${nodes} × ${validators}`.padEnd(18);
      const limit = nodes === 4_096 ? `   limit ${LIMIT_MS} ms` : '';
      console.log(
        `${size}  ${kind.padEnd(6)}  ${ms(row.medianMs)}  ${ms(row.plainRowsMedianMs)}     ${ms(row.liquidMedianMs)}           ${ms(row.naiveMedianMs)}${limit}`,
      );
    }
  return { limitMs: LIMIT_MS, rows };
}

function measure(
  nodes: number,
  validators: number,
  share: number,
  runs: number,
): Omit<Row, 'nodes' | 'validators' | 'kind'> {
  const { plain, yuma, dense } = market(nodes, validators, share);
  const liquid: EpochInput = {
    ...yuma,
    params: { ...yuma.params, method: 'yuma3', liquidAlpha: true, bondsPenaltyU16: 0 },
  };
  const tasks = [
    () => rankEpoch(yuma),
    () => rankEpoch(plain),
    () => rankEpoch(liquid),
    () => denseEpoch(dense),
  ];
  const times: number[][] = tasks.map(() => []);
  // In turns, so that a busy machine is unkind to all of them; the first three turns warm up.
  for (let turn = -3; turn < runs; turn += 1)
    tasks.forEach((task, index) => {
      // Nobody pays for the garbage of the one before: the naive epoch leaves 100 MB behind.
      collectGarbage();
      const start = performance.now();
      task();
      if (turn >= 0) times[index]!.push(performance.now() - start);
    });
  const [medianMs = 0, plainRowsMedianMs = 0, liquidMedianMs = 0, naiveMedianMs = 0] = times.map(median);
  return { medianMs, plainRowsMedianMs, liquidMedianMs, naiveMedianMs };
}

/** A market in its second epoch, with the bonds of the first. The same numbers in every run. */
function market(
  nodes: number,
  validators: number,
  share: number,
): { plain: EpochInput; yuma: EpochInput; dense: DenseInput } {
  const random = sequence(nodes + validators);
  const n = nodes + validators;
  const stake = Array.from({ length: n }, (_, uid) =>
    uid < nodes ? 0 : 1_000_000 + Math.floor(random() * 1e9),
  );
  const weights = Array.from({ length: n }, (_, uid) =>
    uid < nodes
      ? []
      : Array.from(
          { length: nodes },
          (_, to) => [to, 1 + Math.floor(random() * 65_535)] as [number, number],
        ).filter(() => random() < share),
  );
  const first: EpochInput = {
    block: 1_000,
    stake,
    validatorPermit: stake.map((amount) => amount > 0),
    lastUpdate: stake.map(() => 900),
    weights,
    params: { maxAllowedValidators: validators, emission: 1_000_000_000 },
  };
  const bonds = rankEpoch(first).storedBonds;
  const rowsOf = (rows: [number, number][][]): Float64Array[] =>
    rows.slice(nodes).map((pairs) => {
      const row = new Float64Array(nodes);
      for (const [to, value] of pairs) row[to] = value;
      return row;
    });
  return {
    plain: { ...first, bonds },
    yuma: { ...first, weights: packRows(weights, n), bonds: packRows(bonds, n) },
    dense: { stake: stake.slice(nodes), weights: rowsOf(weights), bonds: rowsOf(bonds) },
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Number(sorted[sorted.length >> 1]!.toFixed(2));
}

function ms(value: number): string {
  return `${value.toFixed(1).padStart(7)} ms`;
}
