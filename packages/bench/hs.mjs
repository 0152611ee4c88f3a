import { runSpeed, speedClass } from "@holdfast/conformance/speed";
import { DurableObject } from "@holdfast/host/cloudflare-workers";
import { openHost } from "holdfast";

const host = await openHost({ worker: { Speed: speedClass(DurableObject) }, durableObjects: { SPEED: { className: "Speed" } } });
const stub = host.env.SPEED.getByName("speed");
if (process.argv[2] === "fill") await runSpeed(stub, "fill", 1);
for (let r = 0; r < 8; r++) {
  let t = performance.now();
  await runSpeed(stub, "syncPairs", 20000);
  const a = performance.now() - t;
  t = performance.now();
  await runSpeed(stub, "pairs", 20000);
  const b = performance.now() - t;
  t = performance.now();
  await runSpeed(stub, "calls", 5000);
  console.log(a.toFixed(1), b.toFixed(1), (performance.now() - t).toFixed(1));
}
await host.close();
