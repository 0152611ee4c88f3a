/** `@holdfast/vfs`: the pages of a wasm SQLite in JavaScript's hands. For people who write a driver for another wasm build. */
export { PageFile, type PageFileParts } from "./page-file.js";
export { type Signature, WasmFunctions } from "./wasm-functions.js";
export { WasmMemory } from "./wasm-memory.js";
export { TEXT_BYTES, WasmText } from "./wasm-text.js";
export { IO_METHODS_BYTES, WasmVfs } from "./wasm-vfs.js";
