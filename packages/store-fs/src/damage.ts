import { HoldfastError } from "@holdfast/timeline/contract";

/** Stored bytes that no crash explains (T6). */
export function damage(path: string, offset: number, what: string): HoldfastError {
  return new HoldfastError(
    "HOLDFAST_LOG_CORRUPT",
    `${path} is damaged at byte ${offset}: ${what}. Nothing was changed; repair the file or restore it from a copy.`,
  );
}
