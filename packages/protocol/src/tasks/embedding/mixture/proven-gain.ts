/** By how much one datum speaks for a change: its loss before less its loss after, in whole units of any size below 2³². */
export interface DatumGain {
  readonly client: string;
  readonly document: string;
  /** What the client paid to others than itself for this datum, in micro-credits: its weight. */
  readonly feeMicro: bigint;
  readonly units: number;
}

/**
 * Mean gain with its error, exact enough to be compared: `mean = sum / weight`, `error² = squares / weight²`. `squares` is undefined
 * where one document speaks alone.
 */
export interface MeanGain {
  readonly sum: bigint;
  readonly weight: bigint;
  readonly squares: bigint | undefined;
}

/** Share of the fees that is left out at the top, and at the bottom: of clients whose own means are the greatest and the least. */
const trimmedTenths = 1n;
/** Parts of a unit in which means are counted. */
const fine = 2n ** 30n;

/**
 * Mean over data, weighted by what was paid to others for them. Clients are sorted by their own mean gain, and those (or the share of
 * one) that paid the top and the bottom tenth of all fees are left out: with ten clients who pay alike, the best and the worst. A
 * client who comes under several names moves the mean no more than before. Data of one document, and of one client, go
 * together: the error is the larger of those between documents and between clients. Whole numbers only, so that neither the order
 * of the data nor the machine matters.
 */
export function meanGain(gains: readonly DatumGain[]): MeanGain {
  const clients = weighClients(gains);
  const weight = total(clients.map((client) => client.weight));
  if (weight === 0n) return { sum: 0n, weight, squares: undefined };
  const sum = total(clients.map((client) => client.weight * client.mean));
  const mean = sum / weight;
  const byClient = clients.map((client) => client.weight * (client.mean - mean));
  const byDocument = new Map<string, bigint>();
  for (const { weight: share, feeMicro, gains: own } of clients)
    for (const [document, ofDocument] of Map.groupBy(own, (gain) => gain.document)) {
      const off = total(ofDocument.map((gain) => gain.feeMicro * (BigInt(gain.units) * fine - mean)));
      byDocument.set(document, (byDocument.get(document) ?? 0n) + (share * off) / feeMicro);
    }
  if (byDocument.size < 2) return { sum, weight, squares: undefined };
  const betweenDocuments = squaresOf([...byDocument.values()]);
  return {
    sum,
    weight,
    squares: clients.length < 2 ? betweenDocuments : most(betweenDocuments, squaresOf(byClient)),
  };
}

/** Units of a datum's gain in those of a mean. */
export function unitsOfMean(units: number): bigint {
  return BigInt(units) * fine;
}

/** Whether the gain is more than `units` by more than `errors` standard errors. */
export function isProven({ sum, weight, squares }: MeanGain, units: number, errors: number): boolean {
  const above = sum - weight * unitsOfMean(units);
  return squares !== undefined && above > 0n && above * above > BigInt(errors * errors) * squares;
}

/** For people: mean and standard error in units. */
export function gainInUnits({ sum, weight, squares }: MeanGain): {
  readonly mean: number;
  readonly error: number;
} {
  const scale = Number(weight) * Number(fine) || 1;
  const error = squares === undefined ? Number.POSITIVE_INFINITY : Math.sqrt(Number(squares)) / scale;
  return { mean: Number(sum) / scale, error };
}

interface WeighedClient {
  readonly gains: readonly DatumGain[];
  readonly feeMicro: bigint;
  /** In units of a `fine`th. */
  readonly mean: bigint;
  /** What is left of its fees, ten times. */
  readonly weight: bigint;
}

function weighClients(gains: readonly DatumGain[]): WeighedClient[] {
  const paid = gains.filter(({ feeMicro }) => feeMicro > 0n);
  const clients = [...Map.groupBy(paid, ({ client }) => client)]
    .map(([name, own]) => {
      const feeMicro = total(own.map((gain) => gain.feeMicro));
      const mean = (total(own.map((gain) => gain.feeMicro * BigInt(gain.units))) * fine) / feeMicro;
      return { name, gains: own, feeMicro, mean };
    })
    .sort((a, b) => (a.mean === b.mean ? (a.name < b.name ? -1 : 1) : a.mean < b.mean ? -1 : 1));
  const all = total(clients.map(({ feeMicro }) => feeMicro));
  const [from, to] = [trimmedTenths * all, (10n - trimmedTenths) * all];
  let start = 0n;
  return clients.flatMap(({ name: _, ...client }) => {
    const end = start + 10n * client.feeMicro;
    const weight = least(end, to) - most(start, from);
    start = end;
    return weight > 0n ? [{ ...client, weight }] : [];
  });
}

/** `Σ x² · n / (n − 1)` of two or more. */
function squaresOf(sums: readonly bigint[]): bigint {
  const count = BigInt(sums.length);
  return (total(sums.map((sum) => sum * sum)) * count) / (count - 1n);
}

const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
