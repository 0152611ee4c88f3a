import { openHost } from "holdfast";
import { describe } from "vitest";
import { replayLivePrograms } from "./support/replay-live.js";

describe("live programs", () => replayLivePrograms((options) => openHost<object>(options)));
