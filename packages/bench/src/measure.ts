/** Times of things that are compared, taken so that whatever else the machine does hits all of them: in turns, and the short ones in slices. */

/** The figures of each name, each the median of `rounds`; one round before them is not counted. */
export async function medians<Name extends string>(
  round: () => Promise<Readonly<Record<Name, number>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  await round();
  const all: Readonly<Record<Name, number>>[] = [];
  for (let i = 0; i < rounds; i++) all.push(await round());
  const names = Object.keys(all[0] ?? {}) as Name[];
  return Object.fromEntries(names.map((name) => [name, median(all.map((one) => one[name]))])) as Record<Name, number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Milliseconds that `run` takes. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const SLICE = 500;

/** Milliseconds that each takes to do `count` things, a slice of one after a slice of the other. */
export function inSlices(count: number, contenders: readonly ((i: number) => void)[]): number[] {
  const times = contenders.map(() => 0);
  for (let from = 0; from < count; from += SLICE) {
    for (const [which, run] of contenders.entries()) {
      const start = performance.now();
      for (let i = from; i < from + SLICE; i++) run(i);
      times[which] = (times[which] ?? 0) + performance.now() - start;
    }
  }
  return times;
}
