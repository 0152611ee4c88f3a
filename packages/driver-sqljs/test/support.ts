/** A database of the driver over an image in memory, and what it reported. */
import {
  type CommitPages,
  type Image,
  type OpenOptions,
  PAGE_SIZE,
  type SqliteDatabase,
  type SqliteDriver,
} from "@holdfast/core/contract";

export class ArrayImage implements Image {
  readonly pages: Uint8Array[];
  constructor(pages: Uint8Array[] = []) {
    this.pages = pages;
  }
  get pageCount() {
    return this.pages.length;
  }
  read(pageNumber: number) {
    return this.pages[pageNumber - 1] ?? new Uint8Array(PAGE_SIZE);
  }
  apply(commit: CommitPages) {
    while (this.pages.length < commit.pageCount) this.pages.push(new Uint8Array(PAGE_SIZE));
    this.pages.length = commit.pageCount;
    for (const { pageNumber, data } of commit.pages) this.pages[pageNumber - 1] = data.slice();
  }
  freeze() {
    return new ArrayImage([...this.pages]);
  }
  close() {}
}

const POSITION = { incarnation: 1n, epoch: 1, sequence: 0, txid: 0, checksum: 0, wallMs: 0 };

export interface Opened {
  readonly database: SqliteDatabase;
  readonly image: ArrayImage;
  /** Copies of what each commit changed. */
  readonly commits: CommitPages[];
}

export async function openDatabase(
  driver: SqliteDriver,
  options: Partial<OpenOptions> & { pages?: Uint8Array[] } = {},
): Promise<Opened> {
  const image = new ArrayImage(options.pages);
  const commits: CommitPages[] = [];
  const database = await driver.open({
    objectId: "test",
    head: POSITION,
    image,
    maxPageCount: 100_000,
    cacheBytes: 256 * 1024,
    limits: {},
    authorize: () => "ok",
    beforeCommit: () => "ok",
    onCommit: (commit) => {
      commits.push({ pageCount: commit.pageCount, pages: [...commit.pages].map((one) => ({ ...one, data: one.data.slice() })) });
      return POSITION;
    },
    durable: () => POSITION,
    ...options,
  });
  return { database, image, commits };
}

/** Every row of a query. */
export function query(database: SqliteDatabase, sql: string): unknown[][] {
  const prepared = database.prepare(sql);
  const rows: unknown[][] = [];
  while (prepared?.statement.step()) rows.push(prepared.statement.row());
  prepared?.statement.finalize();
  return rows;
}
