import { openHost } from "holdfast";
import { describe } from "vitest";
import { replayRuntimeCases } from "./support/replay-runtime.js";

describe("runtime-cases", () => replayRuntimeCases((options) => openHost<object>(options)));
