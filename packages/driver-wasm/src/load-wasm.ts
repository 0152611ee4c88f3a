/** Finds and compiles `wasm/sqlite3.wasm`, once for each realm. */
import { HoldfastError } from "@holdfast/core/contract";

/** Written so that bundlers see it and carry the file along. */
const artefact = (): URL => new URL("../wasm/sqlite3.wasm", import.meta.url);

let compiled: Promise<WebAssembly.Module> | undefined;

/** @throws HoldfastError `HOLDFAST_UNSUPPORTED`, as a rejection, if the file cannot be had */
export function loadWasm(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const url = artefact();
  try {
    return await WebAssembly.compile(url.protocol === "file:" ? readFile(url) : await download(url));
  } catch (error) {
    compiled = undefined; // the next open tries again
    throw new HoldfastError(
      "HOLDFAST_UNSUPPORTED",
      `The SQLite of @holdfast/driver-wasm could not be loaded from ${url}. Make that file available there, or pass its bytes: sqliteWasm({ wasm }).`,
      { cause: error },
    );
  }
}

/** Node, Deno and Bun; asked for at run time, so that bundles for browsers need no stand-in. */
function readFile(url: URL): BufferSource {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const fs = process?.getBuiltinModule?.("node:fs") as { readFileSync(path: URL): Uint8Array<ArrayBuffer> } | undefined;
  if (!fs) throw new Error("this platform cannot read files");
  return fs.readFileSync(url);
}

async function download(url: URL): Promise<BufferSource> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}
