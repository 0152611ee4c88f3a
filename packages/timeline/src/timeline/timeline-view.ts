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
import { countEntries } from "../record/commit-body.js";
import { decodeMeta } from "../record/meta.js";
import { bodyOf, RecordKind } from "../record/record.js";
import { formatBookmark, parseBookmark } from "./bookmark.js";
import { History, type HistoryRecord, type ViewParts } from "./history.js";

export class TimelineView implements TimelineReader {
  protected readonly history: History;
  readonly #log: LogReader;

  constructor(log: LogReader, objectId: string, parts: ViewParts) {
    this.#log = log;
    this.history = new History(log, objectId, parts);
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
    let parts = { pages: 0, bytes: 0 };
    for await (const one of this.history.records(range.after ?? NO_POSITION, range.upTo ?? this.head)) {
      const { pages, bytes } = sizeOf(one);
      if (one.header.kind === RecordKind.PART) {
        parts = { pages: parts.pages + pages, bytes: parts.bytes + bytes };
        continue;
      }
      yield entryOf(one, { pages: pages + parts.pages, bytes: bytes + parts.bytes });
      parts = { pages: 0, bytes: 0 };
    }
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
  [RecordKind.CLOCK]: "clock",
};

interface Size {
  readonly pages: number;
  readonly bytes: number;
}

function sizeOf({ header, record }: HistoryRecord): Size {
  const { kind, flags } = header;
  const body = bodyOf(record);
  const hasPages = kind === RecordKind.COMMIT || kind === RecordKind.BASE || kind === RecordKind.PART;
  return { pages: hasPages ? countEntries(body.subarray(decodeMeta(flags, body).bytes)) : 0, bytes: record.length };
}

function entryOf({ header, record }: HistoryRecord, size: Size): TimelineEntry {
  const { alarm } = decodeMeta(header.flags, bodyOf(record)).meta;
  const kind = KINDS[header.kind] as TimelineEntry["kind"];
  return { position: header.position, kind, ...size, ...(alarm !== undefined && { alarm }) };
}
