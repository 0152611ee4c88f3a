/** A database of a driver over an image in memory, and what it reported. */
import {
  type CommitPages,
  type Image,
  type OpenOptions,
  PAGE_SIZE,
  type Position,
  type SqliteDatabase,
  type SqliteDriver,
  type SqlValue,
} from "@holdfast/core/contract";

/** An image that is a list of pages. */
export class ArrayImage implements Image {
  readonly pages: Uint8Array[];

  constructor(pages: readonly Uint8Array[] = []) {
    this.pages = [...pages];
  }

  get pageCount(): number {
    return this.pages.length;
  }

  read(pageNumber: number): Uint8Array {
    const page = this.pages[pageNumber - 1];
    if (!page) throw new RangeError(`page ${pageNumber} of ${this.pageCount}`);
    return page;
  }

  apply(commit: CommitPages): void {
    while (this.pages.length < commit.pageCount) this.pages.push(new Uint8Array(PAGE_SIZE));
    this.pages.length = commit.pageCount;
    for (const { pageNumber, data } of commit.pages) this.pages[pageNumber - 1] = data.slice();
  }

  freeze(): ArrayImage {
    return new ArrayImage(this.pages);
  }

  close(): void {}
}

export interface OpenedDatabase {
  readonly database: SqliteDatabase;
  readonly image: ArrayImage;
  /** Copies of what each commit changed. */
  readonly commits: CommitPages[];
}

let objects = 0;

/** `pages` are the image's; whatever else is left out is permissive. */
export async function openDatabase(
  driver: SqliteDriver,
  options: Partial<OpenOptions> & { pages?: readonly Uint8Array[] } = {},
): Promise<OpenedDatabase> {
  const image = new ArrayImage(options.pages);
  const commits: CommitPages[] = [];
  let position: Position = { incarnation: 1n, epoch: 1, sequence: 0, txid: 0, checksum: 0, wallMs: 0 };
  objects += 1;
  const database = await driver.open({
    objectId: `object-${objects}`,
    head: position,
    image,
    maxPageCount: 100_000,
    cacheBytes: 256 * 1024,
    limits: {},
    authorize: () => "ok",
    beforeCommit: () => "ok",
    onCommit: (commit) => {
      commits.push({ pageCount: commit.pageCount, pages: [...commit.pages].map((one) => ({ ...one, data: one.data.slice() })) });
      position = { ...position, sequence: position.sequence + 1, txid: position.txid + 1 };
      return position;
    },
    durable: () => position,
    ...options,
  });
  return { database, image, commits };
}

/** Every row of a query. */
export function query(database: SqliteDatabase, sql: string, values: readonly SqlValue[] = []): SqlValue[][] {
  const statement = database.prepare(sql)?.statement;
  const rows: SqlValue[][] = [];
  if (values.length > 0) statement?.bind(values);
  while (statement?.step()) rows.push(statement.row());
  statement?.finalize();
  return rows;
}

/** What `run` throws. */
export function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
