/** What it does inside an object is tested where there are objects: `packages/holdfast/test/open-host.test.ts`. */
import { expect, test } from "vitest";
import { runInDurableObject } from "../src/index.js";

test("arguments of the wrong kind are refused in the platform's words", async () => {
  await expect(runInDurableObject({}, () => 1)).rejects.toThrow(
    new TypeError("Failed to execute 'runInDurableObject': parameter 1 is not of type 'DurableObjectStub'."),
  );
  await expect(runInDurableObject({}, undefined as never)).rejects.toThrow(
    new TypeError("Failed to execute 'runInDurableObject': parameter 2 is not of type 'function'."),
  );
});
