import type { FileSystem } from "../../src/file-system.js";
import type { SimulatedDisk } from "./simulated-disk.js";

/** The disk as a process sees it that does at most some operations, and then, or when it is killed, nothing any more. */
export function mortal(
  disk: SimulatedDisk,
  operations: number = Number.POSITIVE_INFINITY,
): { readonly fs: FileSystem; readonly dead: Promise<void>; kill(): void } {
  let left = operations;
  let kill!: () => void;
  const dead = new Promise<void>((resolve) => {
    kill = () => {
      left = 0;
      resolve();
    };
  });
  const fs = disk.fileSystem(
    async () => {
      left -= 1;
      if (left >= 0) return;
      kill();
      await new Promise(() => {});
    },
    () => left >= 0,
  );
  return { fs, dead, kill };
}
