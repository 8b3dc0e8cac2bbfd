import { unitOf } from '../side-by-side.ts';

const blank = /\s/;

/**
 * A text in windows of at most `most` UTF-16 units and of about equal length: each ends after the last blank in its second half,
 * or where it is full, and never within a surrogate pair. Joined they are the text. Experts embed windows one by one.
 */
export function windowsOf(text: string, most: number): readonly string[] {
  const windows: string[] = [];
  for (let start = 0; start < text.length || windows.length === 0; ) {
    const left = text.length - start;
    const end = left <= most ? text.length : windowEnd(text, start, Math.ceil(left / Math.ceil(left / most)));
    windows.push(text.slice(start, end));
    start = end;
  }
  return windows;
}

function windowEnd(text: string, start: number, length: number): number {
  const full = start + length;
  for (let end = full; end > start + length / 2; end -= 1) if (blank.test(text[end - 1]!)) return end;
  const isHigh = text.charCodeAt(full - 1) >= 0xd800 && text.charCodeAt(full - 1) < 0xdc00;
  return isHigh && length > 1 ? full - 1 : full;
}

/**
 * One expert's vector of a text in windows: the mean of the windows' unit vectors, brought to unit length. Undefined where one of
 * them is missing or is no vector of that form: half a text is another text.
 */
export function pooledVector(
  windows: readonly (ArrayLike<number> | undefined)[],
  dimensions: number,
): Float32Array | undefined {
  const sum = new Float64Array(dimensions);
  for (const window of windows) {
    if (window === undefined || window.length !== dimensions) return undefined;
    const unit = unitOf(Float64Array.from(window));
    for (let axis = 0; axis < dimensions; axis += 1) {
      if (!Number.isFinite(unit[axis]!)) return undefined;
      sum[axis] = sum[axis]! + unit[axis]!;
    }
  }
  return unitOf(sum);
}
