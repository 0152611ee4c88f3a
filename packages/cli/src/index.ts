/** `@holdfast/cli`: what `holdfast` does on the command line, for programs that want to call it. */
export { type Io, run } from "./run.js";
