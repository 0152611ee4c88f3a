/* holdfast.c: what holdfast adds to SQLite. Compiled beside the amalgamation by build-wasm.mjs.
**
** 1. The only VFS is the one JavaScript hands over before the library is initialized: there is no operating system underneath.
** 2. Memory grows in steps of 16 MB. Each growth detaches every JavaScript view of the memory, and growing page by page made opening the
**    thousandth database cost milliseconds.
** 3. A row crosses to JavaScript in one call. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include "sqlite3.h"

#define GROWTH ((size_t)16 << 20)
#define WASM_PAGE ((size_t)65536)

/* From the counting change (count-rows.mjs). */
void holdfast_read_counters(sqlite3_stmt *statement, uint32_t *counters);
void holdfast_clear_counters(sqlite3_stmt *statement);

static sqlite3_vfs *holdfastVfs;

/* To be called once, before sqlite3_initialize(). */
void holdfast_set_vfs(sqlite3_vfs *vfs){ holdfastVfs = vfs; }

int sqlite3_os_init(void){ return holdfastVfs ? sqlite3_vfs_register(holdfastVfs, 1) : SQLITE_ERROR; }
int sqlite3_os_end(void){ return SQLITE_OK; }

/* What malloc() takes memory with, instead of the C library's. */
extern unsigned char __heap_base;

void *sbrk(intptr_t increment){
  static uintptr_t top;
  uintptr_t old, wanted, size;
  if( top==0 ) top = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
  old = top;
  wanted = top + (uintptr_t)increment;
  if( increment>0 && wanted<top ) goto no_memory; /* past 4 GB */
  size = (uintptr_t)__builtin_wasm_memory_size(0) * WASM_PAGE;
  if( wanted>size ){
    uintptr_t missing = (wanted - size + WASM_PAGE - 1) / WASM_PAGE;
    uintptr_t step = missing<GROWTH/WASM_PAGE ? GROWTH/WASM_PAGE : missing;
    if( __builtin_wasm_memory_grow(0, step)==(size_t)-1
     && __builtin_wasm_memory_grow(0, missing)==(size_t)-1 ) goto no_memory;
  }
  top = wanted;
  return (void*)old;

no_memory:
  errno = ENOMEM;
  return (void*)-1;
}

/* One column of a row. Integers come as the nearest double; text and blob as address and length. */
typedef struct { int32_t type; int32_t bytes; union { double number; const void *data; } value; } Cell;

/* What is known of a run after each step, before the cells of its row. */
typedef struct { uint32_t counters[4]; } Run;

/* Steps. The first step of a run sets the counters to zero. A row puts its columns behind `run`, valid until the next call for this
** statement, and answers -1 - (number of columns); anything else answers SQLite's result code. At the end the statement is reset. */
int holdfast_step(sqlite3_stmt *statement, Run *run){
  Cell *cells = (Cell*)(run + 1);
  int code, count;
  if( !sqlite3_stmt_busy(statement) ) holdfast_clear_counters(statement);
  code = sqlite3_step(statement);
  holdfast_read_counters(statement, run->counters);
  if( code==SQLITE_DONE ) sqlite3_reset(statement);
  if( code!=SQLITE_ROW ) return code;
  count = sqlite3_data_count(statement);
  for(int i=0; i<count; i++, cells++){
    cells->type = sqlite3_column_type(statement, i);
    switch( cells->type ){
      case SQLITE_INTEGER:
        cells->value.number = (double)sqlite3_column_int64(statement, i);
        break;
      case SQLITE_FLOAT:
        cells->value.number = sqlite3_column_double(statement, i);
        break;
      case SQLITE_TEXT:
        cells->value.data = sqlite3_column_text(statement, i);
        cells->bytes = sqlite3_column_bytes(statement, i);
        break;
      case SQLITE_BLOB:
        cells->value.data = sqlite3_column_blob(statement, i);
        cells->bytes = sqlite3_column_bytes(statement, i);
        break;
    }
  }
  return -1 - count;
}

/* The variadic calls of SQLite's interface, with fixed parameters. */
int holdfast_db_config(sqlite3 *db, int option, int value){ return sqlite3_db_config(db, option, value, (int *)0); }
