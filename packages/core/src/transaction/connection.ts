/** transaction/connection.ts
 * One open database and the question whose statement is being compiled.
 *
 * holdfast keeps its own tables beside the application's and issues BEGIN and SAVEPOINT itself; the application may do neither. SQLite
 * asks one authorizer for both, also when it recompiles a statement in the middle of a step, so everything of ours runs inside
 * {@link Connection.trusted}. A trigger of the application's that a statement of ours sets off is still the application's. */
import type { Authorizer, SqliteDatabase, SqliteStatement } from "../contract/index.js";

export class Connection {
  readonly #policy: Authorizer;
  #database: SqliteDatabase | undefined;
  #trusted = 0;
  /** Those of {@link run}: few, for their texts are ours. */
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(policy: Authorizer) {
    this.#policy = policy;
  }

  /** What the driver asks for each action. */
  readonly authorize: Authorizer = (action, first, second, database, trigger) =>
    this.#trusted > 0 && trigger === null ? "ok" : this.#policy(action, first, second, database, trigger);

  /** The database, once the driver has opened it. */
  attach(database: SqliteDatabase): void {
    this.#database = database;
  }

  get database(): SqliteDatabase {
    if (!this.#database) throw new Error("connection used before its database was attached");
    return this.#database;
  }

  /** Runs statements of ours; `use` must not run code of the application. */
  trusted<T>(use: (database: SqliteDatabase) => T): T {
    this.#trusted += 1;
    try {
      return use(this.database);
    } finally {
      this.#trusted -= 1;
    }
  }

  /** Steps a statement of ours. */
  trustedStep(statement: SqliteStatement): boolean {
    this.#trusted += 1;
    try {
      return statement.step();
    } finally {
      this.#trusted -= 1;
    }
  }

  /** Runs one statement of ours that has no rows, compiled once. */
  run(sql: string): void {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.prepareTrusted(sql);
      this.#statements.set(sql, statement);
    }
    try {
      this.trustedStep(statement);
    } finally {
      statement.reset();
    }
  }

  /** Compiles one statement of ours. */
  prepareTrusted(sql: string): SqliteStatement {
    const prepared = this.trusted((database) => database.prepare(sql));
    if (!prepared) throw new Error(`not a statement: ${sql}`);
    return prepared.statement;
  }

  close(): void {
    this.#database?.close();
  }
}
