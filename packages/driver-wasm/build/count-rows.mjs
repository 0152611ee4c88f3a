/** count-rows.mjs
 * The counting change: makes SQLite's bytecode interpreter count the rows a statement reads and writes, as the platform bills them.
 *
 * Two slots are added to `Vdbe.aCounter`, and the opcodes that move a cursor or change a b-tree add to them; two functions behind everything else read and clear them.
 * Each edit names one opcode of `sqlite3VdbeExec` and a line of it. An edit whose line is missing or not unique refuses, so that a new
 * SQLite cannot be counted wrongly without anybody noticing. What each opcode adds was measured on the platform, not taken from it. */

/** The first free slots. */
const ROWS_READ = 9;
const ROWS_WRITTEN = 10;

const READ = `p->aCounter[${ROWS_READ}]++;`;
const WRITTEN = `if( !pC->isEphemeral ) p->aCounter[${ROWS_WRITTEN}]++;`;

/** `before`/`after`: where `insert` goes, seen from `anchor`, which must be there exactly once within the opcode. */
const EDITS = [
  { opcode: "Rewind", after: "  pC->nullRow = (u8)res;\n", insert: READ }, // and Sort, SorterSort, which fall into it
  { opcode: "Last", after: "  if( rc ) goto abort_due_to_error;\n", insert: READ }, // and SeekEnd, unless it had nothing to do
  // Past the labels that a NULL key or an equality search without result jump to.
  { opcode: "SeekGT", before: "#ifdef SQLITE_TEST\n  sqlite3_search_count++;\n#endif\n", insert: READ },
  { opcode: "NotExists", after: "  pC->seekResult = res;\n", insert: READ }, // and SeekRowid
  { opcode: "Next", after: "    p->aCounter[pOp->p5]++;\n", insert: READ }, // and Prev, SorterNext
  { opcode: "VNext", after: "  sqlite3VtabImportErrmsg(p, pVtab);\n", insert: READ },
  {
    opcode: "Count",
    after: "    rc = sqlite3BtreeCount(db, pCrsr, &nEntry);\n",
    insert: `p->aCounter[${ROWS_READ}] += (u32)nEntry;`,
  },
  { opcode: "Insert", before: "  if( pOp->p5 & OPFLAG_NCHANGE ){\n", insert: WRITTEN },
  { opcode: "IdxInsert", after: "  if( pOp->p5 & OPFLAG_NCHANGE ) p->nChange++;\n", insert: WRITTEN },
  {
    opcode: "Delete",
    after: "  /* Invoke the update-hook if required. */\n  if( opflags & OPFLAG_NCHANGE ){\n",
    insert: WRITTEN,
  },
  { opcode: "Clear", after: "    p->nChange += nChange;\n", insert: `p->aCounter[${ROWS_WRITTEN}] += (u32)nChange;` },
  {
    opcode: "VUpdate",
    after: "    }else{\n      p->nChange++;\n",
    insert: `p->aCounter[${ROWS_WRITTEN}]++;`,
  },
];

const FUNCTIONS = `
/* Rows read, rows written, recompilations. */
void holdfast_read_counters(sqlite3_stmt *statement, u32 *counters){
  Vdbe *p = (Vdbe*)statement;
  counters[0] = p->aCounter[${ROWS_READ}];
  counters[1] = p->aCounter[${ROWS_WRITTEN}];
  counters[2] = p->aCounter[SQLITE_STMTSTATUS_REPREPARE];
}
void holdfast_clear_counters(sqlite3_stmt *statement){
  Vdbe *p = (Vdbe*)statement;
  p->aCounter[${ROWS_READ}] = 0;
  p->aCounter[${ROWS_WRITTEN}] = 0;
}
`;

/** The amalgamation with the change. @param {string} source @throws Error if an edit does not fit */
export function countRows(source) {
  const declaration = "  u32 aCounter[9]; ";
  const interpreter = "\nSQLITE_PRIVATE int sqlite3VdbeExec(\n";
  const end = "\n/************** End of vdbe.c ";
  let patched =
    source.slice(0, position(source, declaration)) + source.slice(position(source, declaration)).replace("[9]", "[11]");
  for (const edit of EDITS) {
    const body = patched.slice(position(patched, interpreter), position(patched, end));
    const start = position(patched, interpreter) + position(body, `\ncase OP_${edit.opcode}:`);
    const opcode = patched.slice(start, patched.indexOf("\n/* Opcode: ", start));
    const at = start + position(opcode, edit.before ?? edit.after) + (edit.after?.length ?? 0);
    patched = `${patched.slice(0, at)}  ${edit.insert}\n${patched.slice(at)}`;
  }
  return patched + FUNCTIONS;
}

/** Where a text is in another, if it is there exactly once. */
function position(text, part) {
  const at = text.indexOf(part);
  if (at < 0) throw new Error(`the counting change does not fit this SQLite: it has no ${JSON.stringify(part)}`);
  if (text.indexOf(part, at + 1) >= 0)
    throw new Error(`the counting change does not fit this SQLite: ${JSON.stringify(part)} is ambiguous`);
  return at;
}
