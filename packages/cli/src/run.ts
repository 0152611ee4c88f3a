/** run.ts
 * The commands, their arguments, and what becomes of errors.
 *
 * Exit codes: 0 done; 1 it failed, or `check` found something; 2 wrong arguments. Results go to the output, everything else to the error
 * output. */
import { Command, CommanderError } from "commander";
import { bookmark } from "./commands/bookmark.js";
import { check } from "./commands/check.js";
import { diff } from "./commands/diff.js";
import { exportDatabase } from "./commands/export.js";
import { list } from "./commands/list.js";
import { log } from "./commands/log.js";
import { query } from "./commands/query.js";
import { restore, undo } from "./commands/restore.js";
import { stats } from "./commands/stats.js";
import { CommandError, type Context } from "./context.js";
import { outputFor } from "./output.js";

/** Where a run reads and writes. */
export interface Io {
  out(text: string): void;
  error(text: string): void;
  /** Whether a person looks at the error output: progress is shown then. */
  readonly isTerminal: boolean;
}

const FAILED = 1;
const WRONG_ARGUMENTS = 2;

/** Runs one command; gives the exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = commands(io, (found) => {
    code = found;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_ARGUMENTS;
    io.error(`holdfast: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof CommandError && error.isUsage ? WRONG_ARGUMENTS : FAILED;
  }
}

const MOMENT = "a bookmark, or a time as a date or in milliseconds";
const OBJECT = "the object's id, or a part of it that no other has";

function commands(io: Io, setCode: (code: number) => void): Command {
  const program = new Command("holdfast")
    .description("Looks into a folder of holdfast objects.")
    .requiredOption("-d, --dir <folder>", "the folder that objects are kept in")
    .option("--json", "print JSON")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.error(text) });
  const context = (): Context => {
    const { dir, json = false } = program.opts<{ dir: string; json?: boolean }>();
    return { dir, output: outputFor(io, json), progress: io.isTerminal && !json };
  };
  const add = (nameAndArguments: string, description: string) =>
    program.command(nameAndArguments).description(description).exitOverride();

  add("ls", "lists the objects")
    .option("-l, --long", "with commits, bytes of the log, last change and alarm")
    .action((options) => list(context(), options));
  add("log", "the history of an object: sessions, commits, restores")
    .argument("<object>", OBJECT)
    .option("-n, --limit <count>", "only the newest", "50")
    .action((object, options) => log(context(), object, options));
  add("bookmark", "the bookmark of a moment")
    .argument("<object>", OBJECT)
    .option("--at <moment>", `${MOMENT}; now if left out`)
    .action((object, options) => bookmark(context(), object, options));
  add("query", "runs a statement that reads, on the object as it was")
    .argument("<object>", OBJECT)
    .argument("<sql>", "one statement")
    .option("--at <moment>", `${MOMENT}; now if left out`)
    .action((object, sql, options) => query(context(), object, sql, options));
  add("diff", "what changed between two moments: tables and how many rows they have")
    .argument("<object>", OBJECT)
    .argument("<from>", MOMENT)
    .argument("[to]", `${MOMENT}; now if left out`)
    .option("--rows", "also the rows that are in one of them only")
    .option("-n, --limit <count>", "at most so many rows of each table", "100")
    .action((object, from, to, options) => diff(context(), object, { ...options, from, to }));
  add("export", "writes an ordinary SQLite file")
    .argument("<object>", OBJECT)
    .argument("<file>", "a file that is not there yet")
    .option("--at <moment>", `${MOMENT}; now if left out`)
    .action((object, file, options) => exportDatabase(context(), object, file, options));
  add("restore", "takes the object back to a moment; refuses while another process holds the folder")
    .argument("<object>", OBJECT)
    .argument("<moment>", MOMENT)
    .action((object, moment) => restore(context(), object, moment));
  add("undo", "takes the object back to before its last restore; once more brings that back")
    .argument("<object>", OBJECT)
    .action((object) => undo(context(), object));
  add("check", "reads everything: chains, checksums, and SQLite's integrity_check")
    .argument("[object]", `${OBJECT}; all if left out`)
    .action(async (object) => setCode((await check(context(), object)) ? 0 : FAILED));
  add("stats", "how much there is, and what takes the space").action(() => stats(context()));
  return program;
}
