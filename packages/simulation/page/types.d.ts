import type UPlot from 'uplot';
import type { WindowResult } from '../src/metrics/result.ts';
import type { PlaceResult } from '../src/state/place-record.ts';

declare global {
  /** The charts' library: its script stands in the page before ours. */
  const uPlot: typeof UPlot;
}

/** What a report's page draws of one run. */
export interface ChartRun {
  readonly name: string;
  readonly groups: readonly string[];
  readonly windows: readonly WindowResult[];
  readonly places: readonly PlaceResult[];
}

export interface ChartSeries {
  readonly label: string;
  readonly values: (number | null)[];
  /** Points without a line between them. */
  readonly points?: boolean;
}

export interface ChartOptions {
  readonly range?: [number, number] | undefined;
  readonly x?: string;
}
