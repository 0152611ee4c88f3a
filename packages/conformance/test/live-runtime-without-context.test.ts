/** The same where the platform has no async context. A file of its own: one context serves a whole process. */
import { describe } from "vitest";
import { openWithoutContext } from "./support/open-without-context.js";
import { replayLivePrograms } from "./support/replay-live.js";

describe("live programs without async context", () => replayLivePrograms(openWithoutContext));
