/** The drivers in headless Chromium, from what is published (`dist`): the recorded SQL cases give what they give on Node.
 * `CHROMIUM` names the browser; /usr/bin/chromium if it does not. Without one, CI fails and others skip. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SqlTotals } from "@holdfast/conformance";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const skipped = !existsSync(CHROMIUM) && !process.env["CI"];
const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Each entry of each package, as a browser resolves it. */
function importMap(): Record<string, string> {
  const map: Record<string, string> = { "@noble/hashes/": "/node_modules/@noble/hashes/" };
  const resolve = (target: Record<string, string>) => target["browser"] ?? target["default"];
  for (const folder of readdirSync(join(ROOT, "packages"))) {
    const manifest = JSON.parse(readFileSync(join(ROOT, "packages", folder, "package.json"), "utf8"));
    for (const [entry, target] of Object.entries<Record<string, string>>({ ...manifest.exports, ...manifest.imports })) {
      const path = resolve(target);
      if (path) map[entry.startsWith("#") ? entry : `${manifest.name}${entry.slice(1)}`] = `/packages/${folder}/${path.slice(2)}`;
    }
  }
  return map;
}

const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({ imports: importMap() })}</script>
<script src="/node_modules/sql.js/dist/sql-wasm.js"></script>
<script type="module">globalThis.tests = await import("/packages/conformance/test/browser/page.mjs");</script>`;

interface PageTests {
  replay(name: string): Promise<SqlTotals>;
  restore(): Promise<unknown>;
  refusals(): Promise<unknown[]>;
  hosted(): Promise<unknown>;
  golden(): Promise<unknown[]>;
}

let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  if (skipped) return;
  server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const file = join(ROOT, path);
    if (path === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (/^\/(packages|node_modules\/(sql\.js|@noble\/hashes))\//.test(path) && existsSync(file)) {
      response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain").end(readFileSync(file));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
  });
  page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error.message));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.tests !== undefined");
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

const pinned = JSON.parse(readFileSync(new URL("../totals.json", import.meta.url), "utf8")).sql;

for (const name of ["wasm", "sqljs"]) {
  test.skipIf(skipped)(
    `recorded SQL cases on ${name}`,
    async () => {
      const { different, ...totals } = await page.evaluate<SqlTotals, string>(
        (name) => (globalThis as unknown as { tests: PageTests }).tests.replay(name),
        name,
      );
      console.log(`sql on ${name} in Chromium ${browser.version()}: ${totals.equal}/${totals.cases} equal`);
      if (process.env["SHOW_DIFFERENT"]) console.log(different.join("\n"));
      expect([totals.equal, totals.cases]).toEqual([pinned[name].equal, pinned[name].cases]);
    },
    120_000,
  );
}

test.skipIf(skipped)("a bookmark is restored, and what a browser cannot do says so", async () => {
  const restored = await page.evaluate(() => (globalThis as unknown as { tests: PageTests }).tests.restore());
  expect(restored).toEqual({ t: "the quick brown fox" });
  const refusals = await page.evaluate(() => (globalThis as unknown as { tests: PageTests }).tests.refusals());
  expect(refusals).toEqual(["HOLDFAST_NEEDS_STORE", "HOLDFAST_USAGE"]);
});

test.skipIf(skipped)("records that a newer Node has written give every one of their moments", async () => {
  const { moments } = JSON.parse(readFileSync(new URL("../golden/packed/expected.json", import.meta.url), "utf8"));
  const found = await page.evaluate(() => (globalThis as unknown as { tests: PageTests }).tests.golden());
  expect(found).toEqual(moments.map(({ expected }: { expected: unknown }) => [expected]));
});

test.skipIf(skipped)("objects in a host: sections, transactions, timers and alarms", async () => {
  const hosted = await page.evaluate(() => (globalThis as unknown as { tests: PageTests }).tests.hosted());
  expect(hosted).toEqual([[1, 2, 3, 4], "woken"]);
});
