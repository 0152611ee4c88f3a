/** How far long work has come, on a terminal. */
import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  /** One more is done. */
  step(): void;
  stop(): void;
}

export function startProgress(isShown: boolean, total: number, what: string): Progress {
  if (!isShown || total === 0) return { step() {}, stop() {} };
  const bar = new SingleBar(
    { format: `{bar} {value}/{total} ${what}, {eta_formatted} left`, clearOnComplete: true },
    Presets.shades_grey,
  );
  bar.start(total, 0);
  return { step: () => bar.increment(), stop: () => bar.stop() };
}
