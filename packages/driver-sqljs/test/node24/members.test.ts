/// <reference path="../../../../node_modules/types-node-24/sqlite.d.ts" />
/** The types say it too: our members are those of node:sqlite, as @types/node 24 describes them. Checked by the compiler. */

import type { DatabaseSync as NodeDatabase, StatementSync as NodeStatement } from "node:sqlite";
import type { DatabaseSync as OurDatabase, StatementSync as OurStatement } from "@holdfast/driver-sqljs";
import { expect, test } from "vitest";

/** `true` if both hold the same names, else the names that only one of them has. */
type SameNames<A, B> = [Exclude<A, B>, Exclude<B, A>] extends [never, never] ? true : [Exclude<A, B>, Exclude<B, A>];

test("members by type", () => {
  const databases: SameNames<keyof OurDatabase, keyof NodeDatabase> = true;
  const statements: SameNames<keyof OurStatement, keyof NodeStatement> = true;
  expect([databases, statements]).toEqual([true, true]);
});
