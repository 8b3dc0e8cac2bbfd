/** A bar on standard error: redrawn in a terminal, a line every tenth in a log. */
export function progressBar(label: string, total: number): (done: number) => void {
  const startedMs = performance.now();
  let sum = 0;
  let shownTenth = -1;
  return (done) => {
    sum += done;
    const share = total === 0 ? 1 : sum / total;
    const tenth = Math.floor(10 * share);
    const filled = Math.round(24 * share);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
    const line = `${label} ${'█'.repeat(filled)}${'░'.repeat(24 - filled)} ${Math.floor(100 * share)} % ${sum}/${total} ${seconds} s`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}${sum >= total ? '\n' : ''}`);
    else if (tenth !== shownTenth) process.stderr.write(`${line}\n`);
    shownTenth = tenth;
  };
}
