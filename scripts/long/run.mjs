// npm run long -- NAME --seed N …: the one door to long randomised runs. Prints totals and the seed; exits non-zero on any loss.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { crash } from "./crash.mjs";
import { kill } from "./kill.mjs";

const runs = { crash, kill };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    kills: { type: "string", default: "200" },
    workloads: { type: "string", default: "10000" },
  },
});
const run = runs[positionals[0]];
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const count = Number(positionals[0] === "crash" ? values.workloads : values.kills);
if (!run || positionals.length > 1 || !Number.isSafeInteger(seed) || !(count >= 1)) {
  console.error(`usage: npm run long -- kill [--seed N] [--kills M]\n       npm run long -- crash [--seed N] [--workloads M]`);
  process.exit(2);
}
const { totals, lost } = await run({ seed, count });
console.log(`${positionals[0]}: ${totals}; seed ${seed}`);
for (const loss of lost) console.error(`LOST: ${loss}`);
console.log(
  `again: npm run long -- ${positionals[0]} --seed ${seed} --${positionals[0] === "crash" ? "workloads" : "kills"} ${count}`,
);
process.exit(lost.length > 0 ? 1 : 0);
