// The index of an MP4 or QuickTime file (ISO/IEC 14496-12): when its pictures are shown, read without its content.

import type { Film } from "./film.ts";

/** An index larger than this, or of more pictures, is left to the service. */
const MOST_BYTES = 32 * 1024 ** 2;
const MOST_PICTURES = 1_000_000;
const MOST_BOXES = 1000;

interface Box {
  readonly type: string;
  readonly data: DataView;
}

/** Return what the index says; null where the file has none, or one that leaves something open. */
export async function readMp4(file: Blob): Promise<Film | null> {
  const index = await indexOf(file).catch(() => null);
  try {
    return index && filmOf(index);
  } catch {
    // What is cut off or makes no sense: a DataView does not read beyond its end.
    return null;
  }
}

/** Find the box "moov" among those of the file, which may lie behind all of its content. */
async function indexOf(file: Blob): Promise<DataView | null> {
  let at = 0;
  for (let count = 0; count < MOST_BOXES && at + 8 <= file.size; count++) {
    const head = new DataView(await file.slice(at, at + 16).arrayBuffer());
    const isLong = head.getUint32(0) === 1;
    const size = isLong ? Number(head.getBigUint64(8)) : head.getUint32(0) || file.size - at;
    if (size < 8 || (at === 0 && !["ftyp", "moov", "mdat", "free", "skip", "wide"].includes(typeAt(head, 4)))) return null;
    if (typeAt(head, 4) === "moov") {
      return size <= MOST_BYTES ? new DataView(await file.slice(at + (isLong ? 16 : 8), at + size).arrayBuffer()) : null;
    }
    at += size;
  }
  return null;
}

function typeAt(data: DataView, at: number): string {
  return String.fromCharCode(data.getUint8(at), data.getUint8(at + 1), data.getUint8(at + 2), data.getUint8(at + 3));
}

function boxes(data: DataView): Box[] {
  const found: Box[] = [];
  for (let at = 0; at + 8 <= data.byteLength && found.length < MOST_BOXES; ) {
    const size = data.getUint32(at);
    if (size < 8) break;
    found.push({ type: typeAt(data, at + 4), data: new DataView(data.buffer, data.byteOffset + at + 8, size - 8) });
    at += size;
  }
  return found;
}

function within(data: DataView, ...path: string[]): DataView | null {
  const [type, ...rest] = path;
  if (!type) return data;
  const found = boxes(data).find((box) => box.type === type);
  return found ? within(found.data, ...rest) : null;
}

function filmOf(moov: DataView): Film | null {
  const tracks = boxes(moov).filter(({ type }) => type === "trak").map(({ data }) => data);
  const kindOf = (track: DataView): string => typeAt(within(track, "mdia", "hdlr")!, 8);
  const films = tracks.filter((track) => kindOf(track) === "vide");
  // Of several films in one file the service chooses, and one in fragments tells its times elsewhere.
  if (films.length !== 1 || within(moov, "mvex")) return null;
  const track = films[0]!;
  const ticks = timescaleOf(within(track, "mdia", "mdhd")!);
  const times = timesOf(within(track, "mdia", "minf", "stbl")!);
  if (!times) return null;
  const shown = edited(times, within(track, "edts", "elst"), ticks, timescaleOf(within(moov, "mvhd")!));
  if (!shown || shown.order.length === 0) return null;
  const { order, from } = shown;
  const first = times.shownAt[order[0]!]! - from;
  // Another track may begin before the first picture: then the clock is its, and only the service knows it.
  if (first !== 0 && tracks.length > 1) return null;
  const begins = Float64Array.from(order, (sample) => (times.shownAt[sample]! - from - first) / ticks);
  const end = begins.at(-1)! + times.lasts[order.at(-1)!]! / ticks;
  const keys = times.keys && new Set(times.keys);
  const numbers = order.flatMap((sample, number) => (!keys || keys.has(sample) ? [number] : []));
  return { ...sizeOf(within(track, "tkhd")!), duration: end, pictures: { begins, end, keys: numbers }, detail: null };
}

function timescaleOf(head: DataView): number {
  return head.getUint32(head.getUint8(0) === 1 ? 20 : 12);
}

/** Width and height as they are shown: the matrix turns what was filmed on its side. */
function sizeOf(head: DataView): Pick<Film, "width" | "height"> {
  const at = head.getUint8(0) === 1 ? 52 : 40;
  const [width, height] = [head.getUint32(at + 36) / 65_536, head.getUint32(at + 40) / 65_536];
  const isTurned = head.getInt32(at) === 0 && head.getInt32(at + 4) !== 0;
  return isTurned ? { width: height, height: width } : { width, height };
}

interface Times {
  /** Ticks, by place in the file. */
  readonly shownAt: Float64Array;
  readonly lasts: Float64Array;
  /** Places of the pictures that need no other; null where all are such. */
  readonly keys: readonly number[] | null;
}

function timesOf(table: DataView): Times | null {
  const lasts = runs(within(table, "stts"), (data, at) => data.getUint32(at));
  if (lasts.length === 0 || lasts.length > MOST_PICTURES) return null;
  const delays = runs(within(table, "ctts"), (data, at) => data.getInt32(at));
  const shownAt = new Float64Array(lasts.length);
  let decodedAt = 0;
  for (let sample = 0; sample < lasts.length; sample++) {
    shownAt[sample] = decodedAt + (delays[sample] ?? 0);
    decodedAt += lasts[sample]!;
  }
  const sync = within(table, "stss");
  const keys = sync && Array.from({ length: sync.getUint32(4) }, (_, index) => sync.getUint32(8 + 4 * index) - 1);
  return { shownAt, lasts: Float64Array.from(lasts), keys };
}

/** A table of runs: how often, and which value. */
function runs(table: DataView | null, value: (data: DataView, at: number) => number): number[] {
  const found: number[] = [];
  for (let run = 0; table && run < table.getUint32(4); run++) {
    const [often, one] = [table.getUint32(8 + 8 * run), value(table, 12 + 8 * run)];
    if (found.length + often > MOST_PICTURES) return Array<number>(MOST_PICTURES + 1).fill(0);
    for (let count = 0; count < often; count++) found.push(one);
  }
  return found;
}

/** The places of the pictures that the edit list shows, in order of presentation, and the tick that is its start. */
function edited({ shownAt }: Times, list: DataView | null, ticks: number, movieTicks: number): { order: number[]; from: number } | null {
  const order = Array.from(shownAt.keys()).sort((a, b) => shownAt[a]! - shownAt[b]!);
  if (!list || list.getUint32(4) === 0) return { order, from: 0 };
  const isLong = list.getUint8(0) === 1;
  // Pauses and cuts within one film are seldom, and the service's to reckon.
  if (list.getUint32(4) > 1) return null;
  const lasts = isLong ? Number(list.getBigUint64(8)) : list.getUint32(8);
  const from = isLong ? Number(list.getBigInt64(16)) : list.getInt32(12);
  if (from < 0) return null;
  const until = lasts ? from + Math.round((lasts * ticks) / movieTicks) : Number.POSITIVE_INFINITY;
  return { order: order.filter((sample) => shownAt[sample]! >= from && shownAt[sample]! < until), from };
}
