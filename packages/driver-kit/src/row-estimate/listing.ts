/** The instructions of a statement, as EXPLAIN lists them: the main program, then the programs of its triggers. */

export interface Instruction {
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
  readonly p4: string;
  readonly p5: number;
}

/** Each program's instructions, from the rows of `EXPLAIN`: address, opcode, p1 to p5, comment. */
export function parseListing(rows: readonly (readonly unknown[])[]): Instruction[][] {
  const programs: Instruction[][] = [];
  for (const [address, opcode, p1, p2, p3, p4, p5] of rows) {
    if (Number(address) === 0) programs.push([]);
    const instruction = {
      opcode: String(opcode),
      p1: Number(p1),
      p2: Number(p2),
      p3: Number(p3),
      p4: String(p4 ?? ""),
      p5: Number(p5),
    };
    programs.at(-1)?.push(instruction);
  }
  return programs;
}

/** Instructions that go on at p2 or behind themselves. */
export const BRANCHES: ReadonlySet<string> = new Set(
  `MustBeInt Eq Ne Lt Le Gt Ge ElseEq Once If IfNot IsNull IsType NotNull IfNullRow SeekLT SeekLE SeekGE SeekGT IfNoHope NoConflict NotFound Found
  SeekRowid NotExists Last IfSizeBetween IfEmpty SorterSort Sort Rewind SorterNext Prev Next IdxLE IdxGT IdxLT IdxGE IFindKey RowSetRead
  RowSetTest FkIfZero IfPos IfNotZero DecrJumpZero IncrVacuum VFilter VNext Filter IfSmaller`.split(/\s+/),
);

/** Instructions that open a cursor on a table that lives for this run only: what they write is not counted. */
export const EPHEMERAL: ReadonlySet<string> = new Set(["OpenEphemeral", "OpenAutoindex", "OpenPseudo", "SorterOpen", "OpenDup"]);

/** Cursors opened with the hint that only equal entries are sought: an equality seek that finds none reads nothing, and one that finds one
 * skips the comparison behind it. */
export function equalityCursors(program: readonly Instruction[]): Set<number> {
  const SEEK_EQUAL = 2;
  const opens = program.filter(({ opcode, p5 }) => /^(OpenRead|OpenWrite|ReopenIdx)$/.test(opcode) && (p5 & SEEK_EQUAL) !== 0);
  return new Set(opens.map(({ p1 }) => p1));
}

export function isEqualitySeek({ opcode, p1 }: Instruction, cursors: ReadonlySet<number>): boolean {
  return (opcode === "SeekGE" || opcode === "SeekLE") && cursors.has(p1);
}
