import { sqljs } from "@holdfast/driver-sqljs";
import { test } from "vitest";
import { compareLimitedWrites } from "./support/limited-writes.js";

test.each([
  ["stock sql.js", sqljs()],
  ["stock sql.js without struct facts", sqljs({ structFacts: false })],
])("UPDATE and DELETE … LIMIT on %s are what SQLite does by itself", (_, driver) => compareLimitedWrites(driver));
