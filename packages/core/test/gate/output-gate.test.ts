import { describe, expect, test } from "vitest";
import { OutputGate } from "../../src/gate/output-gate.js";

const settled = async (promise: Promise<void>): Promise<string> => {
  const drained = new Promise<string>((resolve) => setImmediate(() => resolve("waiting")));
  return Promise.race([
    promise.then(
      () => "open",
      (error) => `broken: ${error.message}`,
    ),
    drained,
  ]);
};

describe("OutputGate", () => {
  test("is open while nothing is held", async () => {
    expect(await settled(new OutputGate().wait())).toBe("open");
  });

  test("rule 1: waits for every hold taken before, and for none taken later", async () => {
    const gate = new OutputGate();
    const first = gate.hold();
    const second = gate.hold();
    const waiting = gate.wait();
    const later = gate.hold();
    second.release();
    expect(await settled(waiting)).toBe("waiting");
    first.release();
    expect(await settled(waiting)).toBe("open");
    expect(await settled(gate.wait())).toBe("waiting");
    later.release();
    expect(await settled(gate.wait())).toBe("open");
  });

  test("rule 2: a break fails who waits and who comes later, with the first error", async () => {
    const gate = new OutputGate();
    const hold = gate.hold();
    const waiting = gate.wait();
    gate.break(new Error("disk"));
    gate.break(new Error("later"));
    hold.release();
    expect(await settled(waiting)).toBe("broken: disk");
    expect(await settled(gate.wait())).toBe("broken: disk");
  });

  test("rule 3: a hold released before a break does not open a broken gate", async () => {
    const gate = new OutputGate();
    const hold = gate.hold();
    const waiting = gate.wait();
    hold.release();
    gate.break(new Error("disk"));
    expect(await settled(waiting)).toBe("broken: disk");
  });
});
