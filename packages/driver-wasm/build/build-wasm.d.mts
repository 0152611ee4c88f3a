export const INPUTS: readonly string[];
export function fetchSource(folder: string): void;
export function build(out: string): {
  artefact: string;
  source: Record<string, string>;
  inputs: Record<string, string>;
  compiler: string;
};
export function hashInputs(): Record<string, string>;
