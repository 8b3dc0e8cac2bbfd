/** Does calling a friend find the right expert? Real experts, real texts of eight kinds, the rules of the market. */
import { type Delivery, defaultParameters } from '@moe/protocol';
import { specialistDomains } from '@moe/training';
import { catalogueExperts, specialistExperts, vectorsOf } from './routing/expert-vectors.ts';
import { deliveredLosses, deliveredRanks, type Measured, measured } from './routing/measure.ts';
import { type DeliveryRun, jobsOf, runShards } from './routing/shard-run.ts';
import { loadTextSet } from './routing/text-set.ts';
import { yardstick } from './routing/yardstick.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

const catalogueNames = ['minilm-l6', 'minilm-l3', 'minilm-l1', 'static', 'lexical'];
const deliveries: readonly Delivery[] = ['winner', 'expected-best', 'ensemble'];

interface Row extends Measured {
  readonly name: string;
  readonly encodesPerJob: number;
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const kinds = specialistDomains().map(({ kind }) => kind);
  const set = loadTextSet({
    kinds,
    perKind: Number(optionOf(args, '--per-kind') ?? 320),
    cuts: 3,
    calibrationPieces: Number(optionOf(args, '--calibration') ?? 2_048),
  });
  const experts = [...catalogueExperts(catalogueNames), ...(await specialistExperts())];
  const vectors = await vectorsOf(experts, set.texts);
  const ruler = yardstick(set, vectors, defaultParameters);
  console.log(
    `${set.routed.length} texts of ${new Set(set.routed.map(({ documentId }) => documentId)).size} documents and ${kinds.length} ` +
      `kinds; ${experts.length} experts; loss: of what is delivered, on another cut of the text, judged by all experts that ` +
      'have no part in it; retrieval: mean reciprocal rank of the rest of a text, asked for with its start.',
  );

  const tick = progressBar('judging', experts.length);
  const alone = experts.map((_, expert) => {
    const mixOf = () => new Map([[expert, 1]]);
    const row = { losses: deliveredLosses(set, ruler, mixOf), ranks: deliveredRanks(set, vectors, mixOf) };
    tick(1);
    return row;
  });
  const single = alone.map(
    ({ losses, ranks }, expert): Row => ({
      name: experts[expert]!.name,
      ...measured(set, losses, ranks),
      encodesPerJob: 1,
    }),
  );
  const random: Row = {
    name: '(a) random expert',
    ...averageOf(single),
    encodesPerJob: 1,
  };
  const best = single.reduce((least, row) => (row.loss < least.loss ? row : least));
  const oracle = oracleOf(single);

  const tickShards = progressBar('shards without friends', jobsOf(set));
  const shards = runShards(set, experts, vectors, () => tickShards(1));
  const rows: Row[] = [
    random,
    { ...best, name: `(b) best single: ${best.name}` },
    ...deliveries.map((delivery) => rowOf(`(c) shard of 3, ${delivery}`, shards, delivery)),
    oracle,
  ];
  console.log('By kind of text, loss / retrieval:');
  console.table(
    Object.fromEntries(
      [...single, ...rows].map((row) => [
        row.name,
        Object.fromEntries(
          kinds.map((kind, index) => [
            kind,
            `${row.lossByKind[index]!.toFixed(3)} / ${row.retrievalByKind[index]!.toFixed(3)}`,
          ]),
        ),
      ]),
    ),
  );
  console.table(
    rows.map(({ name, loss, retrieval, encodesPerJob }) => ({
      name,
      loss: round(loss),
      retrieval: round(retrieval),
      'encodes per job': round(encodesPerJob),
      'share of headroom, loss': round((loss - best.loss) / (oracle.loss - best.loss)),
      retrieved: round((retrieval - best.retrieval) / (oracle.retrieval - best.retrieval)),
    })),
  );
  return {
    rows: rows.map(({ name, loss, retrieval, encodesPerJob }) => ({ name, loss, retrieval, encodesPerJob })),
  };

  function rowOf(name: string, run: DeliveryRun, delivery: Delivery): Row {
    const mixOf = (job: Parameters<DeliveryRun['mixOf']>[0]) => run.mixOf(job, delivery);
    return {
      name,
      ...measured(set, deliveredLosses(set, ruler, mixOf), deliveredRanks(set, vectors, mixOf)),
      encodesPerJob: run.encodesPerJob,
    };
  }
}

function averageOf(rows: readonly Row[]): Measured {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    loss: mean(rows.map(({ loss }) => loss)),
    retrieval: mean(rows.map(({ retrieval }) => retrieval)),
    lossByKind: rows[0]!.lossByKind.map((_, kind) => mean(rows.map((row) => row.lossByKind[kind]!))),
    retrievalByKind: rows[0]!.lossByKind.map((_, kind) =>
      mean(rows.map((row) => row.retrievalByKind[kind]!)),
    ),
  };
}

/** For every kind the expert of the lowest loss there, and what it retrieves. */
function oracleOf(single: readonly Row[]): Row {
  const chosen = single[0]!.lossByKind.map((_, kind) =>
    single.reduce((best, row) => (row.lossByKind[kind]! < best.lossByKind[kind]! ? row : best)),
  );
  const lossByKind = chosen.map((row, kind) => row.lossByKind[kind]!);
  const retrievalByKind = chosen.map((row, kind) => row.retrievalByKind[kind]!);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    name: '(e) oracle per kind',
    loss: mean(lossByKind),
    retrieval: mean(retrievalByKind),
    lossByKind,
    retrievalByKind,
    encodesPerJob: 1,
  };
}

const round = (value: number): number => Number(value.toFixed(3));
