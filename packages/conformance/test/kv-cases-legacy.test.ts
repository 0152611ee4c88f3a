import { test } from "vitest";
import { replayLegacyKv } from "./support/replay-kv.js";

test("kv-cases of legacy objects", { timeout: 120_000 }, replayLegacyKv);
