// npm run long -- NAME --seed N …: the one door to long randomised runs. Prints totals and the seed; exits non-zero on any loss.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { kill } from "./kill.mjs";

const runs = { kill };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, kills: { type: "string", default: "200" } },
});
const run = runs[positionals[0]];
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
if (!run || positionals.length > 1 || !Number.isSafeInteger(seed) || !(Number(values.kills) >= 1)) {
  console.error(`usage: npm run long -- NAME [--seed N] [--kills M]\nNAME is one of: ${Object.keys(runs).join(", ")}`);
  process.exit(2);
}
const { totals, lost } = await run({ seed, kills: Number(values.kills) });
console.log(`${positionals[0]}: ${totals}; seed ${seed}`);
for (const loss of lost) console.error(`LOST: ${loss}`);
console.log(`again: npm run long -- ${positionals[0]} --seed ${seed} --kills ${values.kills}`);
process.exit(lost.length > 0 ? 1 : 0);
