// The real imports of every package, and the rules of docs/architecture.md for them. Used by test/imports.test.ts and by import-graph.mjs.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Which entries of other packages a package may import. A package's own name is always allowed to itself. */
export const ALLOWED = {
  "@holdfast/core": [],
  "@holdfast/timeline": ["@holdfast/core/contract"],
  "@holdfast/vfs": ["@holdfast/core/contract"],
  "@holdfast/driver-kit": ["@holdfast/core/contract"],
  "@holdfast/driver-sqljs": ["@holdfast/core/contract", "@holdfast/vfs", "@holdfast/driver-kit"],
  "@holdfast/driver-wasm": ["@holdfast/core/contract", "@holdfast/vfs", "@holdfast/driver-kit"],
  "@holdfast/driver-node": ["@holdfast/core/contract", "@holdfast/driver-kit"],
  "@holdfast/store-fs": ["@holdfast/timeline/contract", "@holdfast/timeline/record"],
  "@holdfast/host": ["@holdfast/core", "@holdfast/core/contract"],
  "@holdfast/testing": ["@holdfast/host", "@holdfast/timeline"],
  "@holdfast/cli": ["holdfast"],
  "@holdfast/conformance": ["@holdfast/core/contract", "@holdfast/timeline/contract", "@holdfast/timeline/record"],
  // Private: puts everything side by side.
  "@holdfast/bench": [
    "@holdfast/core",
    "@holdfast/core/contract",
    "@holdfast/conformance",
    "@holdfast/conformance/oracle",
    "@holdfast/conformance/speed",
    "@holdfast/host/cloudflare-workers",
    "@holdfast/driver-node",
    "@holdfast/driver-sqljs",
    "@holdfast/driver-wasm",
    "@holdfast/timeline",
    "holdfast",
  ],
  // The composition root.
  holdfast: [
    "@holdfast/core",
    "@holdfast/core/contract",
    "@holdfast/host",
    "@holdfast/timeline",
    "@holdfast/timeline/contract",
    "@holdfast/driver-wasm",
    "@holdfast/store-fs",
  ],
};

/** Folders and files of core, inner ones first: each level may use those before it, and itself. */
export const CORE_LEVELS = [
  ["contract", "error", "messages", "platform-class", "public"],
  ["gate"],
  ["transaction"],
  ["sql"],
  ["kv", "metadata"],
  ["recovery"],
  ["api"],
  ["legacy"],
  ["index"],
];

/** Packages that run in a browser: no `node:` module, none of Node's globals. */
export const BROWSER_SAFE = ["@holdfast/core", "@holdfast/timeline", "@holdfast/vfs", "@holdfast/host"];
/** Packages whose clock, timers and randomness are passed in. */
export const DETERMINISTIC = ["@holdfast/core", "@holdfast/timeline", "@holdfast/vfs"];

const NODE_GLOBALS = ["process", "Buffer", "__dirname", "__filename", "require"];
const TIMERS = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "requestAnimationFrame",
  "scheduler",
  "MessageChannel",
];
const CLOCKS = ["performance", "crypto"];
const MEMBERS = ["Date.now", "Math.random"];

/** @returns {{ name: string, folder: string, manifest: any, files: { path: string, text: string }[] }[]} */
export function readPackages() {
  return readdirSync(join(ROOT, "packages")).map((folder) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "packages", folder, "package.json"), "utf8"));
    const source = join(ROOT, "packages", folder, "src");
    const files = readdirSync(source, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .map((path) => ({ path: relative(source, path), text: readFileSync(path, "utf8") }));
    return { name: manifest.name, folder, manifest, files };
  });
}

/** The specifiers a file imports, type imports, re-exports and dynamic imports included. */
export function importsOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

/** `@holdfast/core/contract` of `@holdfast/core/contract`, `sql.js` of `sql.js/dist/x.js`. */
export function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Every rule a package breaks.
 * @param {{ name: string, manifest: any, files: { path: string, text: string }[] }} one
 * @returns {string[]} */
export function problemsOf({ name, manifest, files }) {
  const problems = [];
  const known = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const { path, text } of files) {
    for (const specifier of importsOf(text)) {
      const complain = (why) => problems.push(`${name} ${path}: imports '${specifier}', ${why}`);
      if (specifier.startsWith("node:")) {
        if (BROWSER_SAFE.includes(name) && !isForOthers(manifest, path)) complain("but must run in a browser");
      } else if (specifier.startsWith("#")) {
        if (!manifest.imports?.[specifier]) complain("which its manifest does not define");
      } else if (specifier.startsWith(".")) {
        if (name === "@holdfast/core" && !isInward(path, specifier)) complain("which lies further out");
      } else if (packageOf(specifier).startsWith("@holdfast/") || specifier === "holdfast") {
        if (!ALLOWED[name]?.includes(specifier)) complain("which it may not");
        if (!known[packageOf(specifier)]) complain("which its manifest does not list");
      } else if (!known[packageOf(specifier)]) complain("which its manifest does not list");
    }
    for (const used of globalsOf(text)) {
      if (BROWSER_SAFE.includes(name) && NODE_GLOBALS.includes(used))
        problems.push(`${name} ${path}: uses '${used}', but must run in a browser`);
      const passedIn = [...TIMERS, ...CLOCKS, ...MEMBERS, "new Date()", "Date()"];
      if (DETERMINISTIC.includes(name) && passedIn.includes(used))
        problems.push(`${name} ${path}: uses '${used}', which must be passed in`);
    }
  }
  return problems;
}

/** Whether browsers get another file in place of this one. */
function isForOthers(manifest, path) {
  const file = `./dist/${path.replace(/\.ts$/, ".js")}`;
  return Object.values(manifest.imports ?? {}).some(({ browser, default: others }) => others === file && browser !== file);
}

function isInward(path, specifier) {
  const level = (file) => CORE_LEVELS.findIndex((names) => names.includes(file.split("/")[0].replace(/\.(js|ts)$/, "")));
  const target = join(dirname(path), specifier);
  return level(target) >= 0 && level(target) <= level(path);
}

/** Names of globals that a file uses, as far as the rules care; also `Date.now`, `Math.random`, `new Date()`. */
export function globalsOf(text) {
  const used = new Set();
  const source = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true);
  const isDeclaredHere = (node) => ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
  const isName = (node) =>
    (ts.isPropertyAssignment(node.parent) ||
      ts.isPropertySignature(node.parent) ||
      ts.isPropertyDeclaration(node.parent) ||
      ts.isMethodDeclaration(node.parent) ||
      ts.isMethodSignature(node.parent) ||
      ts.isBindingElement(node.parent)) &&
    node.parent.name === node;
  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node)) {
      const member = `${node.expression.getText(source)}.${node.name.text}`.replace(/^globalThis\./, "");
      if (MEMBERS.includes(member)) used.add(member);
      if (node.expression.getText(source) === "globalThis") used.add(node.name.text);
    }
    if (ts.isNewExpression(node) && node.expression.getText(source) === "Date" && !node.arguments?.length) used.add("new Date()");
    if (ts.isCallExpression(node) && node.expression.getText(source) === "Date") used.add("Date()");
    if (ts.isIdentifier(node) && !isDeclaredHere(node) && !isName(node)) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...used];
}

/** Package to package, from the real imports. */
export function edges(packages = readPackages()) {
  return packages.flatMap(({ name, files }) => {
    const targets = new Set(
      files.flatMap(({ text }) => importsOf(text).filter((specifier) => /^(@holdfast\/|holdfast$)/.test(specifier))),
    );
    return [...targets].map((to) => ({ from: name, to })).sort((a, b) => (a.to < b.to ? -1 : 1));
  });
}
