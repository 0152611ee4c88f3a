/** A timeline as it is read, by its writer and by others. */
import type {
  BookmarkResolution,
  Image,
  PastRestore,
  Position,
  PositionRange,
  TimelineEntry,
  TimelineReader,
} from "@holdfast/core/contract";
import { type LogReader, NO_POSITION } from "../contract.js";
import type { PagedImageParts } from "../image/paged-image.js";
import { countEntries } from "../record/commit-body.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, RecordKind } from "../record/record.js";
import { formatBookmark, parseBookmark } from "./bookmark.js";
import { History, type HistoryRecord } from "./history.js";

export class TimelineView implements TimelineReader {
  protected readonly history: History;
  readonly #log: LogReader;

  constructor(log: LogReader, objectId: string, imageParts: PagedImageParts) {
    this.#log = log;
    this.history = new History(log, objectId, imageParts);
  }

  get head(): Position {
    return this.#log.head;
  }

  async image(at: Position = this.head): Promise<Image> {
    return (await this.history.at(at)).image;
  }

  bookmark(position: Position): string {
    return formatBookmark(position);
  }

  async resolveBookmark(text: string): Promise<BookmarkResolution> {
    const bookmark = parseBookmark(text);
    if (!bookmark) return { kind: "malformed" };
    const position = await this.history.find(bookmark, this.head);
    return position ? { kind: "position", position } : { kind: "unknown" };
  }

  resolveTime(ms: number): Promise<Position> {
    return this.history.atTime(ms, this.head);
  }

  async *restores(): AsyncGenerator<PastRestore> {
    for await (const { position, restore } of this.history.restores(this.head)) {
      const { bookmark: requested, failure } = restore;
      const bookmark = formatBookmark(position);
      yield { bookmark, requested, at: position.wallMs, ...(failure !== undefined && { failure }) };
    }
  }

  async *entries(range: PositionRange): AsyncGenerator<TimelineEntry> {
    for await (const one of this.history.records(range.after ?? NO_POSITION, range.upTo ?? this.head)) yield entryOf(one);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

const KINDS: Readonly<Record<number, TimelineEntry["kind"]>> = {
  [RecordKind.OPEN]: "open",
  [RecordKind.COMMIT]: "commit",
  [RecordKind.BASE]: "base",
  [RecordKind.RESTORE]: "restore",
  [RecordKind.RESET]: "reset",
};

function entryOf({ header, record }: HistoryRecord): TimelineEntry {
  const body = bodyOf(record);
  const { meta, bytes } = decodeMeta(header.flags, body);
  const kind = KINDS[header.kind] as TimelineEntry["kind"];
  const pages = kind === "commit" || kind === "base" ? countEntries(body.subarray(bytes)) : 0;
  const { alarm } = meta;
  return { position: header.position, kind, pages, bytes: record.length, ...(alarm !== undefined && { alarm }) };
}
