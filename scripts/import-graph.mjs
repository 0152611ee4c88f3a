// Draws the import graph from the real imports: docs/import-graph.svg. With --write it writes the file, else it prints the picture.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { instance } from "@viz-js/viz";
import { edges, packageOf, readPackages } from "./imports.mjs";

export const FILE = fileURLToPath(new URL("../docs/import-graph.svg", import.meta.url));

/** An arrow for each pair of packages, labelled with the entries that are not the main one. */
export async function draw() {
  const packages = readPackages();
  const short = (name) => name.replace("@holdfast/", "");
  const labels = new Map();
  for (const { from, to } of edges(packages)) {
    const key = `"${short(from)}" -> "${short(packageOf(to))}"`;
    const entry = to.slice(packageOf(to).length + 1);
    labels.set(key, [...(labels.get(key) ?? []), ...(entry ? [`/${entry}`] : [])]);
  }
  const nodes = packages.map(({ name }) => `"${short(name)}"`).sort();
  const arrows = [...labels].map(([key, entries]) => `${key} [label="${entries.join("\\n")}"]`).sort();
  const dot = `digraph imports {
    rankdir=BT; node [shape=box, style=rounded, fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10, color=gray40];
    ${nodes.join("; ")};
    ${arrows.join(";\n")}
  }`;
  return (await instance()).renderString(dot, { format: "svg" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const svg = await draw();
  if (process.argv.includes("--write")) writeFileSync(FILE, svg);
  else console.log(svg);
}
