// docs/engines.md, from what the drivers declare in `supports` and from the pinned totals. `--write` writes it; test/engines.test.ts compares.
import { readFileSync, writeFileSync } from "node:fs";
import { nodeSqlite } from "@holdfast/driver-node";
import { sqljs } from "@holdfast/driver-sqljs";
import { sqliteWasm } from "@holdfast/driver-wasm";

const { sql } = JSON.parse(readFileSync("packages/conformance/totals.json", "utf8"));

/** Column by column: the factory as people write it, the driver, and the name of its totals. */
const ENGINES = [
  ["`sqliteWasm()`", sqliteWasm(), "wasm"],
  ["`sqljs()`", sqljs(), "sqljs"],
  ["`nodeSqlite({ scratchDir })`", nodeSqlite({ scratchDir: "never opened" }), "node 24"],
];

const said = (value) => (value === true ? "yes" : value === false ? "no" : value);
const share = (part, of) => `${part} of ${of}`;

const rows = [
  ["package", "`@holdfast/driver-wasm`, the default", "`@holdfast/driver-sqljs`", "`@holdfast/driver-node`"],
  ["runs on", "Node 20.19 and newer, browsers", "Node 20.19 and newer, browsers", "Node 24 and newer"],
  ["SQLite", "3.54.1, our build", "stock sql.js 1.16.0 (3.54.1); 1.8.0 to 1.16.0 can be passed in", "the one in Node"],
  ...Object.keys(ENGINES[0][1].supports).map((flag) => [
    `\`${flag}\``,
    ...ENGINES.map(([, { supports }]) => said(supports[flag])),
  ]),
  ["recorded cases equal", ...ENGINES.map(([, , name]) => share(sql[name].equal, sql[name].cases))],
  ["equal but for a missing offset", ...ENGINES.map(([, , name]) => String(sql[name].offsetOnly ?? 0))],
  ["`rowsRead` exact, of the cases with rows", ...ENGINES.map(([, , name]) => share(sql[name].read, sql[name].counted))],
  ["`rowsWritten` exact, of the cases with rows", ...ENGINES.map(([, , name]) => share(sql[name].written, sql[name].counted))],
];

export const text = `# Engines

<!-- Made by scripts/engines.mjs from the drivers' \`supports\` and from packages/conformance/totals.json: npm run engines -->

An engine runs the SQL; which one is the \`driver\` option of \`openStorage\` and \`openHost\`. Objects move between them: one page format.

| | ${ENGINES.map(([factory]) => factory).join(" | ")} |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}

Recorded cases are those of the real platform that \`supports\` does not exclude (FTS5 and R\\*Tree on stock sql.js); the totals are pinned and may only
grow. With \`sqljs({ structFacts: false })\`, which keeps off SQLite's internal structures, ${sql["sqljs without struct facts"].equal} are equal and
${sql["sqljs without struct facts"].offsetOnly} more but for an offset; on sql.js 1.8.0 it is ${sql["sqljs 1.8.0"].equal}.

**Speed.** \`npm run bench\` measures 20,000 inserts in one turn and 20,000 lookups by primary key on each engine, against the real platform doing the same
in an object and against a bare loop over the same engine. On every engine CI asserts at least 2 and 3 times the platform's speed, and at most 1.5 times the
bare loop's time. Opening a database takes a tenth of a millisecond in memory and one or two milliseconds on \`nodeSqlite\`, which makes files.

**Estimated row counts.** Where \`rowCounts\` is \`estimated\`, \`rowsRead\` and \`rowsWritten\` are worked out when they are looked at, from the statement's
instructions and from what the engine counts; that costs milliseconds. Over 480 unseen filters, joins, subqueries, groupings and writes on tables of
7 to 400 rows, with the real platform as the truth, \`rowsWritten\` was always right; \`rowsRead\` was exact for 86 % on stock sql.js (mean relative
error 0.02), for 77 % on Node 26 (0.06), and for 31 % on Node 24, whose SQLite tells no counters (0.75). CI measures the first and the last anew and
fails when they get worse. Read the last as an order of magnitude, and use the default engine to predict a bill.
`;

if (process.argv.includes("--write")) writeFileSync("docs/engines.md", text);
