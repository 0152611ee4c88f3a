/** A critical section: the body of `blockConcurrencyWhile()` or of `transaction()` (`spec/runtime` §1.5). */
import type { Scope } from "./scope.js";

/** What happens around the body of a section, all of it at moments when no code of the application runs. */
export interface SectionRules {
  /** Before the body, in its turn. What it throws counts as the body's. */
  begin?(): void;
  /** The body succeeded. What it throws resets the object. */
  succeed?(): void;
  /** The body failed. Absent: the object is reset. */
  fail?(): void;
  /** Whether the caller hears of it when the object is reset; absent: never. */
  readonly onReset?: "reject";
}

type SectionEnd =
  | { readonly kind: "returned"; readonly value: unknown }
  /** `sync`: thrown by a body that is not async. */
  | { readonly kind: "failed"; readonly error: unknown; readonly sync: boolean };

/** A section from its call to its end. */
export interface Section {
  readonly scope: Scope;
  readonly rules: SectionRules;
  body(): unknown;
  /** Lets the caller go on. */
  settle(end: SectionEnd): void;
  end?: SectionEnd;
  /** Its body has been begun, or is about to be. */
  isOpen?: boolean;
  cancelTimeout?(): void;
}

/** `spec/runtime` §1.5 */
export const MAX_DEPTH = 64;
/** Milliseconds from the start of the body. */
export const SECTION_TIMEOUT = 30_000;
