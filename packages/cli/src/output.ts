/** What commands print: columns for people, JSON for programs. */
import type { Io } from "./run.js";

export type Row = Readonly<Record<string, unknown>>;

export interface Output {
  /** Rows, under the names of their properties. */
  rows(rows: readonly Row[]): void;
  /** One thing, a line for each property. */
  one(value: Row): void;
  /** Something that is not a result. */
  note(text: string): void;
}

export function outputFor(io: Io, json: boolean): Output {
  const note = (text: string) => io.error(`${text}\n`);
  if (json) {
    const print = (value: unknown) => io.out(`${JSON.stringify(value, plain, 2)}\n`);
    return { rows: print, one: print, note };
  }
  return {
    rows: (rows) => io.out(table(rows)),
    one: (value) => {
      const width = Math.max(...Object.keys(value).map((name) => name.length));
      for (const [name, part] of Object.entries(value)) io.out(`${name.padEnd(width)}  ${cell(part)}\n`);
    },
    note,
  };
}

/** Bytes as hexadecimal text: JSON has none. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof ArrayBuffer ? { hex: hex(value) } : value;
}

function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return "";
  const lines = [names, ...rows.map((row) => names.map((name) => cell(row[name])))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const isNumber = names.map((name) => rows.every((row) => typeof row[name] === "number"));
  const print = (line: readonly string[]) =>
    line.map((text, i) => (isNumber[i] ? text.padStart(widths[i] as number) : text.padEnd(widths[i] as number))).join("  ");
  return lines.map((line) => `${print(line).trimEnd()}\n`).join("");
}

function cell(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "NULL";
  if (value instanceof ArrayBuffer) return `x'${hex(value)}'`;
  return String(value);
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A time as people and programs read it. */
export function time(ms: number): string {
  return new Date(ms).toISOString();
}
