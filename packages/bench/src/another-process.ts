import { spawnSync } from "node:child_process";

/** Runs `main.js` with some arguments in another process; what it prints. @throws Error if it fails, other than by being killed */
export function inAnotherProcess(main: string, ...args: string[]): string {
  const { stdout, status, signal } = spawnSync(process.execPath, ["--expose-gc", main, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0 && signal !== "SIGKILL") throw new Error(`${args.join(" ")} ended with ${status ?? signal}`);
  return stdout;
}
