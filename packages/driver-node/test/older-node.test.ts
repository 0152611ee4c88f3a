import { expect, test } from "vitest";
import { nodeSqlite } from "../src/index.js";

test.skipIf(Number.parseInt(process.versions.node, 10) >= 24)("an older Node is told what to do", async () => {
  await expect(nodeSqlite({ scratchDir: "never-made" }).open({} as never)).rejects.toMatchObject({
    code: "HOLDFAST_UNSUPPORTED",
    message: expect.stringMatching(/needs Node 24 or newer.*this is Node 2.*Update Node, or leave the driver out/),
  });
});
