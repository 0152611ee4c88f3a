/** What is used of `node:sqlite`, as Node 24 has it. Node 20 does not know the module, so it is asked for at run time. */
import { HoldfastError } from "@holdfast/core/contract";

export type NativeValue = null | number | bigint | string | Uint8Array;

/** Values by position, and before them an object of those by name. */
type NativeBinding = NativeValue | Readonly<Record<string, NativeValue>>;

export interface NativeStatement {
  readonly sourceSQL: string;
  iterate(...bindings: NativeBinding[]): Iterator<NativeValue[]>;
  all(...bindings: NativeBinding[]): NativeValue[][];
  run(...bindings: NativeBinding[]): { readonly changes: number | bigint };
  columns(): { readonly name: string }[];
  setAllowBareNamedParameters(enabled: boolean): void;
  setReadBigInts(enabled: boolean): void;
  setReturnArrays(enabled: boolean): void;
  /** Since Node 26: `sqlite3_stmt_status`. */
  stat?(counter: string): number;
  resetStats?(): void;
}

export interface NativeDatabase {
  readonly isTransaction: boolean;
  readonly limits: Record<string, number>;
  prepare(sql: string): NativeStatement;
  exec(sql: string): void;
  setAuthorizer(
    authorize: (action: number, a: string | null, b: string | null, c: string | null, d: string | null) => number,
  ): void;
  close(): void;
}

export interface NativeModule {
  readonly DatabaseSync: new (
    path: string,
    options: {
      readonly enableForeignKeyConstraints: boolean;
      readonly enableDoubleQuotedStringLiterals: boolean;
      readonly defensive: boolean;
    },
  ) => NativeDatabase;
}

const OLDEST = 24;

/** @throws HoldfastError `HOLDFAST_UNSUPPORTED` on an older Node, and where there is none */
export function loadNodeSqlite(): NativeModule {
  const { process } = globalThis as {
    process?: { readonly versions?: { readonly node?: string }; getBuiltinModule?(id: string): unknown };
  };
  const version = process?.versions?.node;
  if (version === undefined || Number.parseInt(version, 10) < OLDEST) {
    throw new HoldfastError(
      "HOLDFAST_UNSUPPORTED",
      `@holdfast/driver-node needs Node ${OLDEST} or newer for node:sqlite's authorizer and limits; this is ${version ? `Node ${version}` : "not Node"}. Update Node, or leave the driver out: holdfast's own engine runs everywhere.`,
    );
  }
  return process?.getBuiltinModule?.("node:sqlite") as NativeModule;
}
