import { runSpeed, speedClass } from "@holdfast/conformance/speed";
import { DurableObject } from "@holdfast/host/cloudflare-workers";
import { openHost } from "holdfast";

const host = await openHost({ worker: { Speed: speedClass(DurableObject) }, durableObjects: { SPEED: { className: "Speed" } } });
const stub = host.env.SPEED.getByName("speed");
for (let r = 0; r < 30; r++) {
  const t = performance.now();
  await runSpeed(stub, "syncPairs", 20000);
  if (r > 26) console.log((performance.now() - t).toFixed(1));
}
await host.close();
