/** `@holdfast/bench`: speed, as ratios between things measured in one run. */
export { type DatabaseCosts, databaseCosts } from "./databases.js";
export { drivers } from "./drivers.js";
export { median, medians, timed } from "./measure.js";
export { compareInserts, compareSelects, type StatementTimes } from "./statements.js";
