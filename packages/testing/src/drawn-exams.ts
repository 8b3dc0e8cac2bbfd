import { type AccountId, type Hash, hashOf, type NodeId } from '@market-of-experts/core';
import { drawStream, type KeptDatum, type KeptExam, type SettledExam } from '@market-of-experts/protocol';

/** Experts, models and clients of drawn exams, by their names. */
export const drawnNode = (name: string): NodeId => hashOf('test/node', name) as string as NodeId;
export const drawnModel = (name: string): Hash => hashOf('test/model', name);
export const drawnAccount = (name: string): AccountId =>
  `0x${hashOf('test/account', name).slice(0, 40)}` as AccountId;

/** How much an expert's own pieces stand out of its noise, by its name. */
export type Skills = Readonly<Record<string, number>>;

const others = 12;
/** Of each expert's own space. */
export const drawnDimensions = 8;

/** Settled exams of one datum each, in which every expert errs by itself: four a settlement, each another document. */
export function drawnExams(count: number, skills: Skills, seed = 'exams'): SettledExam[] {
  const names = Object.keys(skills).sort((a, b) => (drawnNode(a) < drawnNode(b) ? -1 : 1));
  const exams = Array.from({ length: count }, (_, index): SettledExam => {
    const datum: KeptDatum = {
      client: drawnAccount(`client ${index % 24}`),
      clientSeq: 16 * Math.floor(index / 24),
      feeMicro: 1_000n,
      own: 2,
      products: names.map((name) => drawnProducts(`${seed}/${name}/${index}`, skills[name]!)),
    };
    const exam: KeptExam = {
      certificate: hashOf('test/certificate', [seed, index]),
      experts: names.map((name) => ({
        node: drawnNode(name),
        modelVersion: drawnModel(name),
        dimensions: drawnDimensions,
      })),
      data: [datum],
    };
    return { batch: Math.floor(index / 4), data: [0], exam };
  });
  return exams.sort((a, b) => a.batch - b.batch || (a.exam.certificate < b.exam.certificate ? -1 : 1));
}

function drawnProducts(seed: string, skill: number): Uint8Array {
  const stream = drawStream(seed, 'products');
  const noise = (): number => 10_000 * (stream.below(1_001) + stream.below(1_001) - 1_000);
  const own = [0, 1].map(() => noise() + Math.round(4_000_000 * skill));
  const products = Int32Array.from([...own, ...Array.from({ length: others }, noise)]);
  return new Uint8Array(products.buffer);
}
