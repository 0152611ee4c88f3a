/** The state at the end of what has expired, as records that stand for all of it: BASE, and PARTs before it if the state is large. */
import { type Image, PAGE_SIZE, type PageChange } from "@holdfast/core/contract";
import { encodeCommitBody } from "../record/commit-body.js";
import { metaFlags } from "../record/meta.js";
import { encodeBase, encodeRecord, RecordKind } from "../record/record.js";
import type { Expired } from "./retention.js";

/** Of a part, about 4 MB. */
const PART_PAGES = 1000;

/** A part stands at the place of one of the records that it stands for: they are at least twice as long as the state, so there are enough of them.
 * @throws Error if there are not */
export async function* baseRecords({ last, places, rawMs, meta }: Expired, image: Image): AsyncGenerator<Uint8Array> {
  const { pageCount } = image;
  let previousChecksum = 0;
  let first = 1;
  for (let part = 0; pageCount - first >= PART_PAGES; part++, first += PART_PAGES) {
    const position = places[part];
    if (!position) throw new Error(`${pageCount * PAGE_SIZE} bytes have more parts than there are records that they stand for`);
    const body = encodeCommitBody({ pageCount, pages: pagesOf(image, first, first + PART_PAGES) });
    const durable = { epoch: 0, sequence: 0 };
    const header = { kind: RecordKind.PART, flags: 0, position, pageCount, rawMs, durable, previousChecksum };
    const { bytes, checksum } = encodeRecord(header, body);
    yield bytes;
    previousChecksum = checksum;
  }
  const body = encodeCommitBody({ pageCount, pages: pagesOf(image, first, pageCount + 1), meta });
  yield encodeBase(last, { flags: metaFlags(meta), pageCount, rawMs, previousChecksum }, body);
}

function* pagesOf(image: Image, first: number, end: number): Generator<PageChange> {
  for (let pageNumber = first; pageNumber < end; pageNumber++) yield { pageNumber, data: image.read(pageNumber) };
}
